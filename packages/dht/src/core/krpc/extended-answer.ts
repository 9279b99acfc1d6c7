/**
 * The answers of BEP 33 (filters), 44 (items) and 51 (samples), written by template with keys in order. The caller says how
 * long the answer may be; nodes and peers fill what the rest leaves.
 */

import { SIZES } from '../id/address.ts'
import type { NodeId } from '../id/node-id.ts'
import type { Item } from '../item/item.ts'
import type { PackedPeers } from '../storage/peer-list.ts'
import type { PeerFilters } from '../storage/peer-store.ts'
import type { Asker } from './answer.ts'
import { ID_LENGTH, type KrpcMessage } from './message.ts'
import { VERSION_FIELD } from './query.ts'
import type { CompactNode, KrpcWriter } from './writer.ts'

export interface ExtendedBody {
  readonly filters?: PeerFilters | undefined
  readonly nodes?: readonly CompactNode[] | undefined
  readonly nodes6?: readonly CompactNode[] | undefined
  readonly token?: Uint8Array
  readonly item?: Item | undefined
  /** Of a mutable item whose value is not sent. */
  readonly seq?: bigint | undefined
  readonly sample?: { readonly samples: readonly string[]; readonly num: number; readonly interval: number }
  readonly values?: PackedPeers
}

/** No answer with an item or filters is longer: a path of IPv6 carries it whole. */
export const EXTENDED_ANSWER_MAX = 1_280

const FILTER_FIELD_BYTES = 4 + 2 + 4 + 256
const NODE_FIELDS: { readonly [name in 'nodes' | 'nodes6']: { readonly name: string; readonly nodeLength: number } } = {
  nodes: { name: '5:nodes', nodeLength: SIZES.ipv4.node },
  nodes6: { name: '6:nodes6', nodeLength: SIZES.ipv6.node },
}
/** Digits and colon of the length of nodes. */
const LENGTH_BYTES = 4
const VALUES_FRAME_BYTES = '6:valuesle'.length

/** How long the answer is without nodes and peers, which are trimmed where need be. */
export function essentialLength(asker: Asker, message: KrpcMessage, body: ExtendedBody): number {
  const { filters, token, item, sample, seq } = body
  let length = (asker.compactLength === 6 ? 7 : 8) + asker.compactLength + '1:rd2:id20:'.length + ID_LENGTH
  if (filters !== undefined) length += 2 * FILTER_FIELD_BYTES
  if (body.nodes !== undefined) length += NODE_FIELDS.nodes.name.length + LENGTH_BYTES
  if (body.nodes6 !== undefined) length += NODE_FIELDS.nodes6.name.length + LENGTH_BYTES
  if (token !== undefined) length += '5:token2:'.length + token.length
  if (item !== undefined) length += '1:v'.length + item.value.length
  if (item?.signed !== undefined) length += '1:k32:'.length + 32 + '3:sig64:'.length + 64
  const shownSeq = item?.signed?.seq ?? seq
  if (shownSeq !== undefined) length += '3:seqie'.length + String(shownSeq).length
  if (sample !== undefined) {
    length += '8:intervalie3:numie7:samples400:'.length + String(sample.interval).length + String(sample.num).length
    length += sample.samples.length * ID_LENGTH
  }
  if (body.values !== undefined && body.values.count > 0) length += VALUES_FRAME_BYTES
  return length + 'e1:t32:'.length + message.transactionLength + VERSION_FIELD.length + '1:y1:re'.length
}

/** How long it would be with everything. */
export function wholeLength(asker: Asker, message: KrpcMessage, body: ExtendedBody): number {
  const { nodes, nodes6, values } = body
  const nodesLength = (nodes?.length ?? 0) * SIZES.ipv4.node + (nodes6?.length ?? 0) * SIZES.ipv6.node
  const valuesLength = values === undefined ? 0 : values.count * valueLengthOf(values)
  return essentialLength(asker, message, body) + nodesLength + valuesLength
}

export function writeExtendedAnswer(
  writer: KrpcWriter,
  asker: Asker,
  message: KrpcMessage,
  answer: { readonly ownId: NodeId; readonly body: ExtendedBody; readonly lengthMax: number },
): void {
  const { body } = answer
  let room = Math.max(answer.lengthMax - essentialLength(asker, message, body), 0)
  writer.text(asker.compactLength === 6 ? 'd2:ip6:' : 'd2:ip18:')
  writer.copy(asker.compact, 0, asker.compactLength)
  writer.text('1:rd')
  if (body.filters !== undefined) {
    writeBytes(writer, '4:BFpe', body.filters.peers)
    writeBytes(writer, '4:BFsd', body.filters.seeds)
  }
  writer.text('2:id20:')
  writer.id(answer.ownId)
  if (body.sample !== undefined) writer.text(`8:intervali${body.sample.interval}e`)
  const signed = body.item?.signed
  if (signed !== undefined) writeBytes(writer, '1:k', signed.publicKey)
  room -= writeNodes(writer, body, { name: 'nodes', room })
  room -= writeNodes(writer, body, { name: 'nodes6', room })
  if (body.sample !== undefined) writer.text(`3:numi${body.sample.num}e`)
  if (body.sample !== undefined) {
    writer.text('7:samples')
    writer.stringText(body.sample.samples.join(''))
  }
  const seq = signed?.seq ?? body.seq
  if (seq !== undefined) writer.text(`3:seqi${seq}e`)
  if (signed !== undefined) writeBytes(writer, '3:sig', signed.signature)
  if (body.token !== undefined) {
    writer.text('5:token')
    writer.string(body.token, 0, body.token.length)
  }
  if (body.item !== undefined) {
    writer.text('1:v')
    writer.copy(body.item.value, 0, body.item.value.length)
  }
  if (body.values !== undefined) writeValues(writer, body.values, room)
  writer.text('e1:t')
  writer.string(asker.question, message.transactionAt, message.transactionLength)
  writer.text(VERSION_FIELD)
  writer.text('1:y1:re')
}

function writeBytes(writer: KrpcWriter, name: string, bytes: Uint8Array): void {
  writer.text(name)
  writer.string(bytes, 0, bytes.length)
}

/** As many as there is room for; how many bytes they took. */
function writeNodes(
  writer: KrpcWriter,
  body: ExtendedBody,
  { name, room }: { name: 'nodes' | 'nodes6'; room: number },
): number {
  const nodes = body[name]
  if (nodes === undefined) return 0
  const { nodeLength, name: field } = NODE_FIELDS[name]
  const count = Math.min(nodes.length, Math.floor(room / nodeLength))
  writer.text(field)
  writer.decimal(count * nodeLength)
  writer.byte(0x3a)
  writer.nodes(nodes, count)
  return count * nodeLength
}

function writeValues(writer: KrpcWriter, values: PackedPeers, room: number): void {
  if (values.count === 0) return
  writer.text('6:valuesl')
  writer.peers(values, Math.min(values.count, Math.floor(room / valueLengthOf(values))))
  writer.byte(0x65)
}

function valueLengthOf({ width }: PackedPeers): number {
  return width + (width < 10 ? 2 : 3)
}
