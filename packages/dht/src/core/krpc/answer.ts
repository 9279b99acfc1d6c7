/**
 * The answers that we give (BEP 5), written by template with keys in order:
 * `ip` (BEP 42), `r` with `id`, `nodes`, `nodes6` (BEP 32), `token`, `values`, then `t`, `v`, `y`.
 */

import { SIZES } from '../id/address.ts'
import type { NodeId } from '../id/node-id.ts'
import type { PackedPeers } from '../storage/peer-list.ts'
import type { KrpcMessage } from './message.ts'
import { VERSION_FIELD } from './query.ts'
import { type CompactNode, type KrpcWriter, type Template, templateOf } from './writer.ts'

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
  /** Nodes of IPv4, closest first. */
  readonly nodes?: readonly CompactNode[] | undefined
  /** The same of IPv6. */
  readonly nodes6?: readonly CompactNode[] | undefined
  readonly token?: Uint8Array
  readonly values?: PackedPeers
}

const IP = templateOf('d2:ip6:')
const IP_OF_IPV6 = templateOf('d2:ip18:')
const RESPONSE_ID = templateOf('1:rd2:id20:')
const NODES = templateOf('5:nodes')
const NODES6 = templateOf('6:nodes6')
const TOKEN = templateOf('5:token')
const VALUES = templateOf('6:valuesl')
const END = templateOf('e')
const TRANSACTION = templateOf('1:t')
const VERSION_RESPONSE = templateOf(`${VERSION_FIELD}1:y1:re`)
const VERSION_ERROR = templateOf(`${VERSION_FIELD}1:y1:ee`)
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
  const { nodes, nodes6, token, values } = answer.body
  writer.template(asker.compactLength === 6 ? IP : IP_OF_IPV6)
  writer.copy(asker.compact, 0, asker.compactLength)
  writer.template(RESPONSE_ID)
  writer.id(answer.ownId)
  const cap = Math.min(ANSWER_MAX, asker.question.length * AMPLIFICATION_MAX)
  const secondFrame = nodes !== undefined && nodes6 !== undefined ? SECOND_FRAME_MAX : 0
  const fixed = writer.length + FRAME_MAX + secondFrame + (token?.length ?? 0) + message.transactionLength
  const room = Math.max(cap - fixed, 0)
  const valueLength = asker.compactLength + (asker.compactLength === 6 ? 2 : 3)
  const keptValues = values === undefined ? 0 : Math.min(values.count, VALUES_KEPT, Math.floor(room / valueLength))
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
  if (nodes !== undefined) writeNodes(writer, NODES, { nodes, count, nodeLength: IPV4_NODE })
  if (nodes6 !== undefined) writeNodes(writer, NODES6, { nodes: nodes6, count: count6, nodeLength: IPV6_NODE })
  if (token !== undefined) {
    writer.template(TOKEN)
    writer.string(token, 0, token.length)
  }
  if (values !== undefined && values.count > 0) {
    writer.template(VALUES)
    writer.peers(values, Math.min(values.count, Math.floor((room - nodesLength) / valueLength)))
    writer.template(END)
  }
  writer.template(END)
  writeTransaction(writer, asker, message)
  writer.template(VERSION_RESPONSE)
}

/** How many of the nodes the room is enough for. */
function fitting(nodes: readonly CompactNode[] | undefined, room: number, nodeLength: number): number {
  return nodes === undefined ? 0 : Math.min(nodes.length, Math.floor(room / nodeLength))
}

function writeNodes(
  writer: KrpcWriter,
  name: Template,
  { nodes, count, nodeLength }: { nodes: readonly CompactNode[]; count: number; nodeLength: number },
): void {
  writer.template(name)
  writer.decimal(count * nodeLength)
  writer.byte(0x3a)
  writer.nodes(nodes, count)
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
  writer.template(VERSION_ERROR)
}

function writeTransaction(writer: KrpcWriter, asker: Asker, message: KrpcMessage): void {
  writer.template(TRANSACTION)
  writer.string(asker.question, message.transactionAt, message.transactionLength)
}
