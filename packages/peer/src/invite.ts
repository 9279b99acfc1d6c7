/**
 * Invites: one short text that holds a topic and a few servers of it, each server's own signed word on where it is. Whoever
 * has it needs no DHT and no name to begin. An invite to a private topic holds its secret, so no sentence here repeats
 * what was given.
 */

import { bytesEqual, concatBytes, fromHex, type Hash, MINUTE, type Millis, toHex, utf8, utf8Text } from '@shoal/base'
import { addressOfPoint, pointOfAddress } from './address.ts'
import { fromBase64Url, toBase64Url } from './base64url.ts'
import { CLOCK_AHEAD_MAX_MS, endpointFault, parseSignedEndpoint, type SignedEndpoint } from './signed-endpoint.ts'
import type { Verifier } from './signer.ts'
import { INVITE_PREFIX, parseTopic, type Topic, topicText } from './topic.ts'

export const INVITE_ENDPOINTS_MAX = 8
/** No invite with so many endpoints is longer, whatever their hosts and keys. */
const TEXT_LENGTH_MAX = 10_240

export interface Invite {
  readonly topic: Topic
  /** Wall time, to the minute. */
  readonly validUntil: Millis
  /** Their signatures are not checked yet: `inviteFault` does that. */
  readonly endpoints: readonly SignedEndpoint[]
}

export interface RefusedInvite {
  readonly kind: 'refused'
  /** One sentence for whoever gave the text. */
  readonly reason: string
  /** Of one that is whole, and out of its time. */
  readonly topic?: Topic
}

export type ParsedInvite = { readonly kind: 'invite'; readonly invite: Invite } | RefusedInvite

/** The endpoints must be of the invite's topic. */
export function formatInvite(invite: Invite, sha256: Hash): string {
  const topic = utf8(topicText(invite.topic))
  const endpoints = invite.endpoints.slice(0, INVITE_ENDPOINTS_MAX)
  const body = concatBytes(
    Uint8Array.of(VERSION),
    bigEndian(Math.floor(invite.validUntil / MINUTE), TIME_BYTES),
    sized(topic),
    Uint8Array.of(endpoints.length),
    ...endpoints.map(endpointBytes),
  )
  return INVITE_PREFIX + toBase64Url(concatBytes(body, checksum(body, sha256)))
}

/** Everything but the signatures. `now` is wall time. */
export function parseInvite(text: unknown, { now, sha256 }: { now: Millis; sha256: Hash }): ParsedInvite {
  if (typeof text !== 'string' || !text.startsWith(INVITE_PREFIX)) {
    return refused('an invite begins with shoal:invite: and is one word: copy it as "shoal invite" has told it')
  }
  const coded = text.length > TEXT_LENGTH_MAX ? undefined : fromBase64Url(text.slice(INVITE_PREFIX.length))
  if (coded === undefined || coded.length < CHECKSUM_BYTES + 1) return DAMAGED
  const body = coded.subarray(0, -CHECKSUM_BYTES)
  if (!bytesEqual(coded.subarray(-CHECKSUM_BYTES), checksum(body, sha256))) return DAMAGED
  if (body[0] !== VERSION) return refused('the invite is of a version that is not known here: update shoal')
  const invite = readBody(body.subarray(1))
  if (invite === undefined) return DAMAGED
  if (invite.validUntil <= now) return { ...refused('the invite has expired: ask for a new one'), topic: invite.topic }
  if (invite.endpoints.some(({ timestamp }) => timestamp > now + CLOCK_AHEAD_MAX_MS)) {
    return { ...refused("the invite comes from the future: set this machine's clock"), topic: invite.topic }
  }
  return { kind: 'invite', invite }
}

/** What is wrong with the signatures of a parsed invite, as a sentence; `undefined` where each server has signed. */
export async function inviteFault(
  invite: Invite,
  check: { readonly now: Millis; readonly verifier: Verifier; readonly sha256: Hash },
): Promise<string | undefined> {
  const about = { ...check, topic: invite.topic.publicId }
  for (const endpoint of invite.endpoints) {
    if ((await endpointFault(endpoint, about)) !== undefined) {
      return 'the invite is forged: a server in it has not signed what it says; ask somebody you trust for a new one'
    }
  }
  return undefined
}

const VERSION = 1
const TIME_BYTES = 4
const CHECKSUM_BYTES = 4
/** Of an endpoint, in milliseconds. */
const TIMESTAMP_BYTES = 6
/** How key and signature are written: as the bytes of P-256, or as texts where they are of another kind. */
const FORM = { p256: 0, text: 1 } as const
const POINT_BYTES = 64
const SIGNATURE_BYTES = 64

const DAMAGED = refused('the invite is damaged: copy the whole of it, as "shoal invite" has told it')

function refused(reason: string): RefusedInvite {
  return { kind: 'refused', reason }
}

function checksum(body: Uint8Array, sha256: Hash): Uint8Array {
  return sha256(body).subarray(0, CHECKSUM_BYTES)
}

function endpointBytes({ timestamp, host, port, address, sig }: SignedEndpoint): Uint8Array {
  const point = pointOfAddress(address)?.subarray(1)
  const signature = fromHex(sig)
  const isP256 = point !== undefined && signature?.length === SIGNATURE_BYTES && toHex(signature) === sig
  const signed = isP256
    ? [Uint8Array.of(FORM.p256), point, signature]
    : [Uint8Array.of(FORM.text), sized(utf8(address)), sized(utf8(sig))]
  const place = [bigEndian(timestamp, TIMESTAMP_BYTES), sized(utf8(host)), bigEndian(port, 2)]
  return concatBytes(...signed, ...place)
}

function readBody(bytes: Uint8Array): Invite | undefined {
  const from = new Reader(bytes)
  const validUntil = from.number(TIME_BYTES) * MINUTE
  const topic = parseTopic(from.text())
  const count = from.number(1)
  if (from.isShort || topic.kind === 'refused' || count < 1 || count > INVITE_ENDPOINTS_MAX) return undefined
  const endpoints: SignedEndpoint[] = []
  for (let i = 0; i < count; i++) {
    const endpoint = readEndpoint(from, topic.publicId)
    if (endpoint === undefined) return undefined
    endpoints.push(endpoint)
  }
  return from.isAtEnd ? { topic, validUntil, endpoints } : undefined
}

function readEndpoint(from: Reader, topic: string): SignedEndpoint | undefined {
  const form = from.number(1)
  if (form !== FORM.p256 && form !== FORM.text) return undefined
  const address =
    form === FORM.p256 ? addressOfPoint(concatBytes(Uint8Array.of(4), from.bytes(POINT_BYTES))) : from.text()
  const sig = form === FORM.p256 ? toHex(from.bytes(SIGNATURE_BYTES)) : from.text()
  const timestamp = from.number(TIMESTAMP_BYTES)
  const host = from.text()
  const port = from.number(2)
  if (from.isShort) return undefined
  const parsed = parseSignedEndpoint({ topic, timestamp, host, port, address, sig })
  return parsed.ok ? parsed.value : undefined
}

/** With its length before it, in two bytes. */
function sized(bytes: Uint8Array): Uint8Array {
  return concatBytes(bigEndian(bytes.length, 2), bytes)
}

function bigEndian(value: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** (bytes - 1 - i)) % 256)
}

/** Reads field after field; what is asked for behind the end is zeros and no text, and `isShort`. */
class Reader {
  readonly #bytes: Uint8Array
  #at = 0
  isShort = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length && !this.isShort
  }

  bytes(count: number): Uint8Array {
    const end = this.#at + count
    if (end > this.#bytes.length) {
      this.isShort = true
      return new Uint8Array(count)
    }
    const read = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return read
  }

  number(bytes: number): number {
    return this.bytes(bytes).reduce((value, byte) => value * 256 + byte, 0)
  }

  text(): string {
    const text = utf8Text(this.bytes(this.number(2)))
    if (text === undefined) this.isShort = true
    return text ?? ''
  }
}
