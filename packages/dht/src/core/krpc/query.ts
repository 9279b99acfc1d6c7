/** The queries that we send (BEP 5), written by template with keys in order. */

import type { NodeId } from '../id/node-id.ts'
import type { KrpcWriter } from './writer.ts'

/** BEP 32: nodes of which families the answer shall name. */
export type Want = readonly ('n4' | 'n6')[]

export type OutgoingQuery =
  | { readonly method: 'ping' }
  | { readonly method: 'find_node'; readonly target: NodeId; readonly want?: Want }
  | { readonly method: 'get_peers'; readonly target: NodeId; readonly want?: Want }
  | {
      readonly method: 'announce_peer'
      readonly target: NodeId
      readonly port: number
      readonly isPortImplied: boolean
      /** What the node gave us, one character a byte. */
      readonly token: string
    }

/** Our client version, in every message: two letters and two bytes of version. */
export const VERSION_FIELD = '1:v4:SL\x00\x01'

export interface QueryEnvelope {
  readonly ownId: NodeId
  /** One character a byte. */
  readonly transaction: string
  /** BEP 43. */
  readonly isReadOnly: boolean
}

export function writeQuery(writer: KrpcWriter, query: OutgoingQuery, envelope: QueryEnvelope): void {
  writer.text('d1:ad2:id20:')
  writer.id(envelope.ownId)
  switch (query.method) {
    case 'ping':
      writer.text('e1:q4:ping')
      break
    case 'find_node':
      writer.text('6:target20:')
      writer.id(query.target)
      writeWant(writer, query.want)
      writer.text('e1:q9:find_node')
      break
    case 'get_peers':
      writer.text('9:info_hash20:')
      writer.id(query.target)
      writeWant(writer, query.want)
      writer.text('e1:q9:get_peers')
      break
    case 'announce_peer':
      writer.text(query.isPortImplied ? '12:implied_porti1e9:info_hash20:' : '9:info_hash20:')
      writer.id(query.target)
      writer.text('4:porti')
      writer.decimal(query.port)
      writer.text('e5:token')
      writer.stringText(query.token)
      writer.text('e1:q13:announce_peer')
      break
  }
  if (envelope.isReadOnly) writer.text('2:roi1e')
  writer.text('1:t')
  writer.stringText(envelope.transaction)
  writer.text(VERSION_FIELD)
  writer.text('1:y1:qe')
}

function writeWant(writer: KrpcWriter, want: Want | undefined): void {
  if (want === undefined) return
  writer.text('4:wantl')
  for (const family of want) writer.stringText(family)
  writer.byte(0x65)
}
