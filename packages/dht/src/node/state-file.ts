/**
 * What a node remembers from run to run: its ids, the addresses it was seen at, and contacts with their round trips.
 * What is read is checked like a packet.
 */

import { type Endpoint, type Family, familyOf, formatIp, fromHex, isPort, type Millis, parseIp } from '@shoal/base'
import type { EngineSnapshot, KnownContact } from '../core/engine-event.ts'
import { type NodeId, readNodeId } from '../core/id/node-id.ts'
import { isKeptFields, type KeptFields, type KeptFile, readKeptFile, writeKeptFile } from './kept-file.ts'

const CONTACTS_MAX = 200
const NODES_MAX = 64
const ROUND_TRIP_MAX_MS: Millis = 60_000

/** One bound address. */
export interface SavedNode extends EngineSnapshot {
  readonly family: Family
  /** The address that it was bound to. */
  readonly host: string
}

export interface SavedState {
  readonly nodes: readonly SavedNode[]
}

export interface ReadState {
  readonly state: SavedState | undefined
  /** Why the file that was there is not used, and where it lies now. */
  readonly warning: string | undefined
}

const STATE_FILE: KeptFile<SavedState> = {
  name: 'state file',
  format: 'shoal-dht-state',
  version: 1,
  bytesMax: 512 * 1_024,
  parse: parseState,
}

/** Throws a StateFileError where the file is of a later version or cannot be read at all. */
export function readStateFile(path: string, now: Date): ReadState {
  const { value, warning } = readKeptFile(path, STATE_FILE, now)
  return { state: value, warning }
}

/** Throws what the system throws. */
export function writeStateFile(path: string, state: SavedState): void {
  writeKeptFile(path, STATE_FILE, { nodes: state.nodes.map(toJson) })
}

function parseState(fields: KeptFields): SavedState | undefined {
  const nodes = Array.isArray(fields['nodes']) ? fields['nodes'].slice(0, NODES_MAX).map(parseNode) : [undefined]
  return nodes.includes(undefined) ? undefined : { nodes: nodes as SavedNode[] }
}

function toJson({ family, host, id, externalAddress, contacts }: SavedNode): unknown {
  return {
    family,
    host,
    id: hexOf(id),
    ...(externalAddress === undefined ? {} : { external: [externalAddress.host, externalAddress.port] }),
    contacts: contacts.slice(0, CONTACTS_MAX).map((contact) => {
      const place = [hexOf(contact.id), contact.host, contact.port]
      return contact.roundTripMs === undefined ? place : [...place, Math.round(contact.roundTripMs)]
    }),
  }
}

function parseNode(json: unknown): SavedNode | undefined {
  if (!isKeptFields(json)) return undefined
  const { family, host, external, contacts } = json as { readonly [key: string]: unknown }
  const id = parseHexId(json['id'])
  if ((family !== 'ipv4' && family !== 'ipv6') || typeof host !== 'string' || id === undefined) return undefined
  if (!Array.isArray(contacts)) return undefined
  const parsed = contacts.slice(0, CONTACTS_MAX).map((contact) => parseContact(contact, family))
  if (parsed.includes(undefined)) return undefined
  const externalAddress = Array.isArray(external) ? parseEndpoint(external[0], external[1], family) : undefined
  return { family, host, id, externalAddress, contacts: parsed as KnownContact[] }
}

function parseContact(json: unknown, family: Family): KnownContact | undefined {
  if (!Array.isArray(json)) return undefined
  const id = parseHexId(json[0])
  const endpoint = parseEndpoint(json[1], json[2], family)
  if (id === undefined || endpoint === undefined) return undefined
  const ms: unknown = json[3]
  const roundTripMs = typeof ms === 'number' && ms >= 0 && ms <= ROUND_TRIP_MAX_MS ? ms : undefined
  return { id, ...endpoint, roundTripMs }
}

function parseEndpoint(host: unknown, port: unknown, family: Family): Endpoint | undefined {
  const bytes = typeof host === 'string' && host.length < 64 ? parseIp(host) : undefined
  if (bytes === undefined || !isPort(port)) return undefined
  const literal = formatIp(bytes)
  return familyOf(literal) === family ? { host: literal, port } : undefined
}

function parseHexId(text: unknown): NodeId | undefined {
  const bytes = typeof text === 'string' && text.length === 40 ? fromHex(text) : undefined
  return bytes === undefined ? undefined : readNodeId(bytes)
}

function hexOf(id: NodeId): string {
  return [id.w0, id.w1, id.w2, id.w3, id.w4].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
}
