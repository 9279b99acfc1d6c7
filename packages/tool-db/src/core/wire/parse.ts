/**
 * The edge: one frame becomes one typed message or one rejection with a stable code. Nothing behind it looks at
 * foreign JSON again, apart from a record's value and a function's arguments, which are the application's.
 */

import { isPort } from '@shoal/base'
import {
  type Hello,
  parseHello,
  parseProofStatement,
  parseRosterText,
  parseSignedEndpoint,
  rosterText,
  type SignedEndpoint,
} from '@shoal/peer'
import { isCrdtRecord } from '../crdt/change-set.ts'
import { parseRecord } from '../records/parse-record.ts'
import type { WireRecord } from '../records/record.ts'
import {
  CLIENT_ID_LENGTH_MAX,
  count,
  type Fields,
  FUNCTION_NAME_LENGTH_MAX,
  fieldsOf,
  hasLoneSurrogate,
  ID_LENGTH_MAX,
  KNOWN_HASH_LENGTH,
  KNOWN_SETS_MAX,
  keyText,
  own,
  PLACE_LENGTH_MAX,
  TO_LENGTH_MAX,
  text,
  texts,
} from './fields.ts'
import { type FrameLimits, type FrameRejection, parseFrame } from './json.ts'
import type {
  AckMessage,
  CrdtGetMessage,
  CrdtPutMessage,
  CrdtSetsMessage,
  DialBackMessage,
  FunctionMessage,
  FunctionReturnMessage,
  GetMessage,
  Message,
  NoiseMessage,
  PingMessage,
  PongMessage,
  ProofMessage,
  PutMessage,
  QueryAckMessage,
  QueryMessage,
  SubscribeMessage,
  SyncAskMessage,
  SyncRecordsMessage,
  SyncTellMessage,
  SyncWantMessage,
} from './message.ts'

export type WireRejection = FrameRejection | 'NOT_A_MESSAGE' | 'UNKNOWN_TYPE' | 'BAD_FIELD'

export type ParsedMessage =
  | { readonly ok: true; readonly message: Message; readonly size: number }
  /** `id` where the sender gave a usable one, so that an honest peer can be told. */
  | { readonly ok: false; readonly code: WireRejection; readonly field?: string; readonly id?: string }

export interface WireLimits extends FrameLimits {
  readonly keyLengthMax: number
  /** Keys of one `queryAck`. */
  readonly answerKeysMax: number
  /** Signed endpoints of one `pong`; more are left out, not refused, as tool-db's lists have no bound. */
  readonly serversMax: number
}

/** 48 KiB: twice what a step of a reconciliation may be long. */
const SYNC_DATA_LENGTH_MAX = 65_536
const SYNC_SALT_LENGTH = 22
const SYNC_RECORDS_MAX = 256
/** Of 40 bytes. */
const SYNC_PLACE_LENGTH = 54

/** 16 KiB: a `pong` or a `ping` and their keys are far shorter. */
const NOISE_DATA_LENGTH_MAX = 32_768

interface Envelope {
  readonly id: string
  readonly to: readonly string[]
}

type Read<T> = (fields: Fields, base: Envelope, limits: WireLimits) => T | string

/** A reader gives the message, or the name of the field that spoils it. */
const READERS: ReadonlyMap<string, Read<Message>> = new Map<string, Read<Message>>([
  ['ping', readPing],
  ['pong', readPong],
  ['proof', readProof],
  ['noise', readNoise],
  ['ack', readAck],
  ['dialback', readDialBack],
  ['put', readPut],
  ['crdtPut', readCrdtPut],
  ['crdtGet', readCrdtGet],
  ['crdtSets', readCrdtSets],
  ['syncAsk', readSyncAsk],
  ['syncTell', readSyncTell],
  ['syncWant', readSyncWant],
  ['syncRecords', readSyncRecords],
  ['get', readGet],
  ['query', readQuery],
  ['queryAck', readQueryAck],
  ['subscribe', readSubscribe],
  ['function', readFunction],
  ['functionReturn', readFunctionReturn],
])

export function parseMessage(frame: string | Uint8Array, limits: WireLimits): ParsedMessage {
  const parsed = parseFrame(frame, limits)
  if (!parsed.ok) return parsed
  const fields = fieldsOf(parsed.value)
  if (fields === undefined) return { ok: false, code: 'NOT_A_MESSAGE' }
  const id = text(own(fields, 'id'), ID_LENGTH_MAX)
  const type = own(fields, 'type')
  const read = typeof type === 'string' ? READERS.get(type) : undefined
  if (read === undefined) return { ok: false, code: 'UNKNOWN_TYPE', ...(id !== undefined && { id }) }
  if (id === undefined) return { ok: false, code: 'BAD_FIELD', field: 'id' }
  const to = texts(own(fields, 'to'), TO_LENGTH_MAX, CLIENT_ID_LENGTH_MAX)
  if (to === undefined) return { ok: false, code: 'BAD_FIELD', field: 'to', id }
  const message = read(fields, { id, to }, limits)
  if (typeof message === 'string') return { ok: false, code: 'BAD_FIELD', field: message, id }
  return { ok: true, message, size: parsed.size }
}

function readPing(fields: Fields, base: Envelope): PingMessage | string {
  const clientId = text(own(fields, 'clientId'), CLIENT_ID_LENGTH_MAX)
  if (clientId === undefined) return 'clientId'
  const isServer = own(fields, 'isServer')
  if (typeof isServer !== 'boolean') return 'isServer'
  const peer = parseSignedEndpoint(own(fields, 'peer'))
  if (!peer.ok) return 'peer'
  const shoal = readHello(fields)
  if (shoal === 'shoal') return shoal
  return { type: 'ping', ...base, clientId, isServer, peer: peer.value, ...(shoal !== undefined && { shoal }) }
}

function readPong(fields: Fields, base: Envelope, limits: WireLimits): PongMessage | string {
  const clientId = text(own(fields, 'clientId'), CLIENT_ID_LENGTH_MAX)
  if (clientId === undefined) return 'clientId'
  const isServer = own(fields, 'isServer')
  if (typeof isServer !== 'boolean') return 'isServer'
  const list = own(fields, 'servers')
  if (!Array.isArray(list)) return 'servers'
  // One bad endpoint spoils only itself: tool-db hands on whatever it was told.
  const servers: SignedEndpoint[] = []
  for (const item of list.slice(0, limits.serversMax)) {
    const peer = parseSignedEndpoint(item)
    if (peer.ok) servers.push(peer.value)
  }
  const shoal = readHello(fields)
  if (shoal === 'shoal') return shoal
  const told = own(fields, 'roster')
  const roster = told === undefined ? undefined : parseRosterText(told)
  if (roster?.ok === false) return 'roster'
  return {
    type: 'pong',
    ...base,
    clientId,
    isServer,
    servers,
    ...(shoal !== undefined && { shoal }),
    ...(roster !== undefined && { roster: rosterText(roster.value) }),
  }
}

function readHello(fields: Fields): Hello | undefined | 'shoal' {
  const value = own(fields, 'shoal')
  if (value === undefined) return undefined
  const hello = parseHello(value)
  return hello.ok ? hello.value : 'shoal'
}

function readProof(fields: Fields, base: Envelope): ProofMessage | string {
  const statement = parseProofStatement(fields)
  return statement.ok ? { type: 'proof', ...base, ...statement.value } : 'proof'
}

function readNoise(fields: Fields, base: Envelope): NoiseMessage | string {
  const data = text(own(fields, 'data'), NOISE_DATA_LENGTH_MAX)
  return data === undefined || !/^[0-9a-f]*$/.test(data) || data.length % 2 !== 0
    ? 'data'
    : { type: 'noise', ...base, data }
}

function readAck(fields: Fields, base: Envelope): AckMessage | string {
  const code = text(own(fields, 'code'), 64)
  return code === undefined ? 'code' : { type: 'ack', ...base, code }
}

function readDialBack(fields: Fields, base: Envelope): DialBackMessage | string {
  const port = own(fields, 'port')
  return isPort(port) ? { type: 'dialback', ...base, port } : 'port'
}

function readPut(fields: Fields, base: Envelope, limits: WireLimits): PutMessage | string {
  const record = parseRecord(own(fields, 'data'))
  if (!record.ok || record.record.k.length > limits.keyLengthMax) return 'data'
  return { type: 'put', ...base, data: record.record }
}

function readCrdtPut(fields: Fields, base: Envelope, limits: WireLimits): CrdtPutMessage | string {
  const record = parseRecord(own(fields, 'data'))
  if (!record.ok || record.record.k.length > limits.keyLengthMax || !isCrdtRecord(record.record)) return 'data'
  return { type: 'crdtPut', ...base, data: record.record }
}

function readCrdtGet(fields: Fields, base: Envelope, limits: WireLimits): CrdtGetMessage | string {
  const key = keyText(own(fields, 'key'), limits.keyLengthMax)
  if (key === undefined) return 'key'
  const known = own(fields, 'known')
  const parts = known === undefined ? undefined : texts(known, KNOWN_SETS_MAX, KNOWN_HASH_LENGTH)
  if (known !== undefined && parts === undefined) return 'known'
  const after = own(fields, 'after')
  const place = after === undefined ? undefined : text(after, PLACE_LENGTH_MAX)
  if (after !== undefined && (place === undefined || hasLoneSurrogate(place))) return 'after'
  return {
    type: 'crdtGet',
    ...base,
    key,
    ...(parts !== undefined && { known: parts }),
    ...(place !== undefined && { after: place }),
  }
}

function readCrdtSets(fields: Fields, base: Envelope, limits: WireLimits): CrdtSetsMessage | string {
  const list = own(fields, 'sets')
  if (!Array.isArray(list)) return 'sets'
  const sets: WireRecord[] = []
  for (const item of list) {
    const record = parseRecord(item)
    if (!record.ok || record.record.k.length > limits.keyLengthMax || !isCrdtRecord(record.record)) return 'sets'
    sets.push(record.record)
  }
  const next = own(fields, 'next')
  const place = next === undefined ? undefined : text(next, PLACE_LENGTH_MAX)
  if (next !== undefined && place === undefined) return 'next'
  return { type: 'crdtSets', ...base, sets, ...(place !== undefined && { next: place }) }
}

function readSyncAsk(fields: Fields, base: Envelope, limits: WireLimits): SyncAskMessage | string {
  const salt = text(own(fields, 'salt'), SYNC_SALT_LENGTH)
  if (salt?.length !== SYNC_SALT_LENGTH) return 'salt'
  const data = text(own(fields, 'data'), SYNC_DATA_LENGTH_MAX)
  if (data === undefined) return 'data'
  const prefix = readPrefix(fields, limits)
  return prefix === undefined ? 'prefix' : { type: 'syncAsk', ...base, salt, data, ...prefix }
}

/** `undefined` for one that is none. */
function readPrefix(fields: Fields, { keyLengthMax }: WireLimits): { readonly prefix?: string } | undefined {
  const given = own(fields, 'prefix')
  if (given === undefined) return {}
  const prefix = keyText(given, keyLengthMax, 0)
  return prefix === undefined ? undefined : { prefix }
}

function readSyncTell(fields: Fields, base: Envelope): SyncTellMessage | string {
  const data = text(own(fields, 'data'), SYNC_DATA_LENGTH_MAX)
  return data === undefined ? 'data' : { type: 'syncTell', ...base, data }
}

function readSyncWant(fields: Fields, base: Envelope, limits: WireLimits): SyncWantMessage | string {
  const data = text(own(fields, 'data'), SYNC_DATA_LENGTH_MAX)
  if (data === undefined) return 'data'
  const prefix = readPrefix(fields, limits)
  return prefix === undefined ? 'prefix' : { type: 'syncWant', ...base, data, ...prefix }
}

function readSyncRecords(fields: Fields, base: Envelope, limits: WireLimits): SyncRecordsMessage | string {
  const list = own(fields, 'records')
  if (!Array.isArray(list) || list.length > SYNC_RECORDS_MAX) return 'records'
  const records: WireRecord[] = []
  for (const item of list) {
    const record = parseRecord(item)
    if (!record.ok || record.record.k.length > limits.keyLengthMax) return 'records'
    records.push(record.record)
  }
  const looked = own(fields, 'looked')
  if (looked !== undefined && count(looked) === undefined) return 'looked'
  const next = own(fields, 'next')
  if (next !== undefined && text(next, SYNC_PLACE_LENGTH)?.length !== SYNC_PLACE_LENGTH) return 'next'
  return {
    type: 'syncRecords',
    ...base,
    records,
    ...(looked !== undefined && { looked: looked as number }),
    ...(next !== undefined && { next: next as string }),
  }
}

function readGet(fields: Fields, base: Envelope, limits: WireLimits): GetMessage | string {
  const key = keyText(own(fields, 'key'), limits.keyLengthMax)
  return key === undefined ? 'key' : { type: 'get', ...base, key }
}

function readQuery(fields: Fields, base: Envelope, limits: WireLimits): QueryMessage | string {
  const key = keyText(own(fields, 'key'), limits.keyLengthMax, 0)
  if (key === undefined) return 'key'
  const after = own(fields, 'after')
  if (after !== undefined && keyText(after, limits.keyLengthMax) === undefined) return 'after'
  const limit = own(fields, 'limit')
  if (limit !== undefined && !(count(limit) ?? 0)) return 'limit'
  return {
    type: 'query',
    ...base,
    key,
    ...(after !== undefined && { after: after as string }),
    ...(limit !== undefined && { limit: limit as number }),
  }
}

function readQueryAck(fields: Fields, base: Envelope, limits: WireLimits): QueryAckMessage | string {
  const list = own(fields, 'keys')
  if (!Array.isArray(list) || list.length > limits.answerKeysMax) return 'keys'
  if (!list.every((key) => typeof key === 'string')) return 'keys'
  // A key that is none here spoils only itself: anybody may have left it at a plain server.
  const keys = list.filter((key) => keyText(key, limits.keyLengthMax) !== undefined)
  const more = own(fields, 'more')
  if (more !== undefined && typeof more !== 'boolean') return 'more'
  return { type: 'queryAck', ...base, keys, ...(more !== undefined && { more }) }
}

function readSubscribe(fields: Fields, base: Envelope, limits: WireLimits): SubscribeMessage | string {
  const prefix = own(fields, 'prefix')
  if (prefix !== undefined && typeof prefix !== 'boolean') return 'prefix'
  const key = keyText(own(fields, 'key'), limits.keyLengthMax, prefix === true ? 0 : 1)
  if (key === undefined) return 'key'
  return { type: 'subscribe', ...base, key, ...(prefix !== undefined && { prefix }) }
}

function readFunction(fields: Fields, base: Envelope): FunctionMessage | string {
  const name = text(own(fields, 'function'), FUNCTION_NAME_LENGTH_MAX)
  return name === undefined ? 'function' : { type: 'function', ...base, function: name, args: own(fields, 'args') }
}

function readFunctionReturn(fields: Fields, base: Envelope): FunctionReturnMessage | string {
  const code = own(fields, 'code')
  if (code !== 'OK' && code !== 'ERR' && code !== 'NOT_FOUND') return 'code'
  return { type: 'functionReturn', ...base, code, return: own(fields, 'return') }
}
