/**
 * What a node remembers from run to run: its ids, the addresses it was seen at, and contacts with their round trips. A
 * small versioned JSON file, written whole and then renamed, so that a crash leaves the old one or the new one. What is
 * read is checked like a packet: the file may be damaged, or another's.
 */

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { type Endpoint, type Family, familyOf, formatIp, fromHex, isPort, type Millis, parseIp } from '@shoal/base'
import type { EngineSnapshot, KnownContact } from '../core/engine-event.ts'
import { type NodeId, readNodeId } from '../core/id/node-id.ts'
import { StateFileError } from '../errors.ts'

const FORMAT = 'shoal-dht-state'
const VERSION = 1
/** Far more than we ever write. */
const BYTES_MAX = 512 * 1_024
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

/** Throws a StateFileError where the file is of a later version or cannot be read at all. */
export function readStateFile(path: string, now: Date): ReadState {
  let text: string
  try {
    if (statSync(path).size > BYTES_MAX) return setAside(path, now, 'is too large')
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (isMissing(cause)) return { state: undefined, warning: undefined }
    throw new StateFileError(`cannot read the state file ${path}: name another one, or make it readable`, { cause })
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return setAside(path, now, 'is no JSON')
  }
  if (!isObject(json) || json['format'] !== FORMAT || !Number.isSafeInteger(json['version'])) {
    return setAside(path, now, 'is no state of a DHT node')
  }
  if ((json['version'] as number) > VERSION) {
    throw new StateFileError(
      `the state file ${path} was written by a later version of this program: update it, or name another file`,
    )
  }
  const nodes = Array.isArray(json['nodes']) ? json['nodes'].slice(0, NODES_MAX).map(parseNode) : [undefined]
  if (nodes.includes(undefined)) return setAside(path, now, 'has wrong entries')
  return { state: { nodes: nodes as SavedNode[] }, warning: undefined }
}

/** Throws what the system throws. */
export function writeStateFile(path: string, state: SavedState): void {
  const text = `${JSON.stringify({ format: FORMAT, version: VERSION, nodes: state.nodes.map(toJson) })}\n`
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const file = openSync(temporary, 'w', 0o600)
    try {
      writeSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncFolder(dirname(path))
}

/** Makes the renaming last; not every system lets a folder be opened. */
function syncFolder(path: string): void {
  try {
    const folder = openSync(path, 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  } catch {
    // The file itself is whole in any case.
  }
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
  if (!isObject(json)) return undefined
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

/** The node goes on without it, and whoever wants to know what happened still has it. */
function setAside(path: string, now: Date, why: string): ReadState {
  const aside = `${path}.damaged-${now.toISOString().replaceAll(':', '-')}`
  try {
    renameSync(path, aside)
  } catch (cause) {
    throw new StateFileError(`the state file ${path} ${why} and cannot be set aside: name another one`, { cause })
  }
  return { state: undefined, warning: `the state file ${path} ${why}; it was set aside as ${aside}` }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
