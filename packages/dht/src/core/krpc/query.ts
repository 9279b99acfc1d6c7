/** The queries that we send (BEP 5), written by template with keys in order. */

import type { NodeId } from '../id/node-id.ts'
import type { Item } from '../item/item.ts'
import type { KrpcWriter } from './writer.ts'

/** BEP 32: nodes of which families the answer shall name. */
export type Want = readonly ('n4' | 'n6')[]

export type OutgoingQuery =
  | { readonly method: 'ping' }
  | { readonly method: 'find_node'; readonly target: NodeId; readonly want?: Want }
  | {
      readonly method: 'get_peers'
      readonly target: NodeId
      readonly want?: Want
      /** BEP 33. */
      readonly isScrape?: boolean
    }
  | {
      readonly method: 'announce_peer'
      readonly target: NodeId
      readonly port: number
      readonly isPortImplied: boolean
      /** BEP 33. */
      readonly isSeed?: boolean
      /** What the node gave us, one character a byte. */
      readonly token: string
    }
  /** BEP 44; with `seq` values that are not newer are left out. */
  | { readonly method: 'get'; readonly target: NodeId; readonly want?: Want; readonly seq?: bigint | undefined }
  | {
      readonly method: 'put'
      readonly item: Item
      readonly salt: Uint8Array
      readonly cas: bigint | undefined
      readonly token: string
    }
  /** BEP 51. */
  | { readonly method: 'sample_infohashes'; readonly target: NodeId; readonly want?: Want }

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
  writer.text('d1:ad')
  if (query.method === 'put' && query.cas !== undefined) writer.text(`3:casi${query.cas}e`)
  writer.text('2:id20:')
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
      if (query.isScrape) writer.text('6:scrapei1e')
      writeWant(writer, query.want)
      writer.text('e1:q9:get_peers')
      break
    case 'announce_peer':
      writer.text(query.isPortImplied ? '12:implied_porti1e9:info_hash20:' : '9:info_hash20:')
      writer.id(query.target)
      writer.text('4:porti')
      writer.decimal(query.port)
      writer.text(query.isSeed ? 'e4:seedi1e5:token' : 'e5:token')
      writer.stringText(query.token)
      writer.text('e1:q13:announce_peer')
      break
    case 'get':
      if (query.seq !== undefined) writer.text(`3:seqi${query.seq}e`)
      writer.text('6:target20:')
      writer.id(query.target)
      writeWant(writer, query.want)
      writer.text('e1:q3:get')
      break
    case 'put':
      writePut(writer, query)
      break
    case 'sample_infohashes':
      writer.text('6:target20:')
      writer.id(query.target)
      writeWant(writer, query.want)
      writer.text('e1:q17:sample_infohashes')
      break
  }
  if (envelope.isReadOnly) writer.text('2:roi1e')
  writer.text('1:t')
  writer.stringText(envelope.transaction)
  writer.text(VERSION_FIELD)
  writer.text('1:y1:qe')
}

/** Behind `cas` and `id`. */
function writePut(writer: KrpcWriter, { item, salt, token }: Extract<OutgoingQuery, { method: 'put' }>): void {
  const { value, signed } = item
  if (signed !== undefined) {
    writer.text('1:k')
    writer.string(signed.publicKey, 0, signed.publicKey.length)
    if (salt.length > 0) {
      writer.text('4:salt')
      writer.string(salt, 0, salt.length)
    }
    writer.text(`3:seqi${signed.seq}e3:sig`)
    writer.string(signed.signature, 0, signed.signature.length)
  }
  writer.text('5:token')
  writer.stringText(token)
  writer.text('1:v')
  writer.copy(value, 0, value.length)
  writer.text('e1:q3:put')
}

function writeWant(writer: KrpcWriter, want: Want | undefined): void {
  if (want === undefined) return
  writer.text('4:wantl')
  for (const family of want) writer.stringText(family)
  writer.byte(0x65)
}
