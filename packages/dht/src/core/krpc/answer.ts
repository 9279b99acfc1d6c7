/**
 * The answers that we give (BEP 5), written by template with keys in order:
 * `ip` (BEP 42), `r` with `id`, `nodes`, `nodes6` (BEP 32), `token`, `values`, then `t`, `v`, `y`.
 */

import { SIZES } from '../id/address.ts'
import type { NodeId } from '../id/node-id.ts'
import type { KrpcMessage } from './message.ts'
import { VERSION_FIELD } from './query.ts'
import type { KrpcWriter } from './writer.ts'

/** No answer to find_node or get_peers is longer, so that none is ever cut into fragments. */
export const ANSWER_MAX = 1_024
/** Nor longer than this times its question: whoever forges a sender's address gains little by us. */
export const AMPLIFICATION_MAX = 6
/** Peers of a popular hash that are never given up for the sake of `nodes`. */
export const VALUES_KEPT = 8

/** The asker: its compact address, and its question. */
export interface Asker {
  readonly compact: Uint8Array
  readonly compactLength: number
  readonly question: Uint8Array
}

/** What goes into the `r` dictionary besides our id. */
export interface AnswerBody {
  /** Compact node infos of IPv4, closest first. */
  readonly nodes?: readonly Uint8Array[] | undefined
  /** The same of IPv6. */
  readonly nodes6?: readonly Uint8Array[] | undefined
  /** One character a byte. */
  readonly token?: string
  /** Compact peers, one character a byte. */
  readonly values?: readonly string[]
}

const EMPTY: readonly never[] = []
const IPV4_NODE = SIZES.ipv4.node
const IPV6_NODE = SIZES.ipv6.node

/** What follows our id besides the contents: names and lengths of nodes (12), token (10), values (10), and the envelope (23). */
const FRAME_MAX = 55
/** Name and length of the nodes of another family. */
const SECOND_FRAME_MAX = 12

export function writeAnswer(
  writer: KrpcWriter,
  asker: Asker,
  message: KrpcMessage,
  answer: { readonly ownId: NodeId; readonly body: AnswerBody },
): void {
  const { nodes, nodes6, token, values = EMPTY } = answer.body
  writer.text(asker.compactLength === 6 ? 'd2:ip6:' : 'd2:ip18:')
  writer.copy(asker.compact, 0, asker.compactLength)
  writer.text('1:rd2:id20:')
  writer.id(answer.ownId)
  const cap = Math.min(ANSWER_MAX, asker.question.length * AMPLIFICATION_MAX)
  const secondFrame = nodes !== undefined && nodes6 !== undefined ? SECOND_FRAME_MAX : 0
  const fixed = writer.length + FRAME_MAX + secondFrame + (token?.length ?? 0) + message.transactionLength
  const room = Math.max(cap - fixed, 0)
  const valueLength = values.length === 0 ? 0 : (values[0] as string).length + (asker.compactLength === 6 ? 2 : 3)
  const keptValues = Math.min(values.length, VALUES_KEPT, valueLength === 0 ? 0 : Math.floor(room / valueLength))
  // Nodes of the asker's own family go before those of the other.
  const nodesRoom = room - keptValues * valueLength
  const isIpv4 = asker.compactLength === 6
  let count = 0
  let count6 = 0
  if (isIpv4) {
    count = fitting(nodes, nodesRoom, IPV4_NODE)
    count6 = fitting(nodes6, nodesRoom - count * IPV4_NODE, IPV6_NODE)
  } else {
    count6 = fitting(nodes6, nodesRoom, IPV6_NODE)
    count = fitting(nodes, nodesRoom - count6 * IPV6_NODE, IPV4_NODE)
  }
  const nodesLength = count * IPV4_NODE + count6 * IPV6_NODE
  if (nodes !== undefined) writeNodes(writer, '5:nodes', { nodes, count, nodeLength: IPV4_NODE })
  if (nodes6 !== undefined) writeNodes(writer, '6:nodes6', { nodes: nodes6, count: count6, nodeLength: IPV6_NODE })
  if (token !== undefined) {
    writer.text('5:token')
    writer.stringText(token)
  }
  if (values.length > 0) {
    const valueCount = Math.min(values.length, Math.floor((room - nodesLength) / valueLength))
    writer.text('6:valuesl')
    writer.stringTexts(values, valueCount)
    writer.byte(0x65)
  }
  writer.byte(0x65)
  writeTransaction(writer, asker, message)
  writer.text('1:y1:re')
}

/** How many of the nodes the room is enough for. */
function fitting(nodes: readonly Uint8Array[] | undefined, room: number, nodeLength: number): number {
  return nodes === undefined ? 0 : Math.min(nodes.length, Math.floor(room / nodeLength))
}

function writeNodes(
  writer: KrpcWriter,
  name: string,
  { nodes, count, nodeLength }: { nodes: readonly Uint8Array[]; count: number; nodeLength: number },
): void {
  writer.text(name)
  writer.decimal(count * nodeLength)
  writer.byte(0x3a)
  writer.copyAll(nodes, count)
}

export function writeError(
  writer: KrpcWriter,
  asker: Asker,
  message: KrpcMessage,
  error: { readonly code: number; readonly text: string },
): void {
  writer.text('d1:eli')
  writer.decimal(error.code)
  writer.byte(0x65)
  writer.stringText(error.text)
  writer.text(asker.compactLength === 6 ? 'e2:ip6:' : 'e2:ip18:')
  writer.copy(asker.compact, 0, asker.compactLength)
  writeTransaction(writer, asker, message)
  writer.text('1:y1:ee')
}

function writeTransaction(writer: KrpcWriter, asker: Asker, message: KrpcMessage): void {
  writer.text('1:t')
  writer.string(asker.question, message.transactionAt, message.transactionLength)
  writer.text(VERSION_FIELD)
}
