/**
 * From what was typed to what is meant. Every function here either returns a value that is right or throws a usage
 * mistake whose sentence names the flag, what was given and what is expected.
 */

import { type Endpoint, formatEndpoint, fromHex, isPort, parseHostPort, parseIp } from '@shoal/base'
import { parseTopic as parseTopicText, type Topic } from '@shoal/peer'
import { usageMistake } from './exit.ts'

/** Longer waits are better said by running the command again. */
const TIMEOUT_MAX_MS = 3_600_000
/** Keys travel in every message about them; nobody needs longer ones. */
const KEY_MAX_BYTES = 1_024
/** BEP 44. */
const ITEM_SALT_MAX_BYTES = 64
/** Enough to show it in a sentence; a longer one would bury the sentence. */
const SHOWN_MAX = 60

export function shown(text: string): string {
  const clean = JSON.stringify(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text)
  return clean
}

export function parseTopic(text: string | undefined, flag = '--topic'): Topic {
  if (text === undefined) throw usageMistake(`say which topic with ${flag} NAME, the same name on every machine`)
  const topic = parseTopicText(text)
  if (topic.kind === 'refused') throw usageMistake(topic.reason)
  return topic
}

/** A port to listen on: 0 takes a free one. */
export function parseListenPort(flag: string): (text: string) => number {
  return (text) => {
    const port = wholeNumber(text)
    if (port === undefined || port > 65_535) {
      throw usageMistake(`${flag} ${shown(text)} is not a port: give a number from 1 to 65535, or 0 for any free one`)
    }
    return port
  }
}

/** A port that others are to reach: 0 can't be one. */
export function parseRemotePort(flag: string): (text: string) => number {
  return (text) => {
    const port = wholeNumber(text)
    if (!isPort(port)) throw usageMistake(`${flag} ${shown(text)} is not a port: give a number from 1 to 65535`)
    return port
  }
}

export function parseCount(flag: string, most: number): (text: string) => number {
  return (text) => {
    const count = wholeNumber(text)
    if (count === undefined || count < 1 || count > most) {
      throw usageMistake(`${flag} ${shown(text)} is not a count: give a whole number from 1 to ${most}`)
    }
    return count
  }
}

/** Of one core. */
export function parseShare(flag: string): (text: string) => number {
  return (text) => {
    const share = /^(0|0?\.\d+|1)$/.test(text) ? Number(text) : undefined
    if (share === undefined) throw usageMistake(`${flag} ${shown(text)} is not a share: give 0 to 1, as 0.02`)
    return share
  }
}

export function parseTimeout(text: string): number {
  const timeout = wholeNumber(text)
  if (timeout === undefined || timeout < 1 || timeout > TIMEOUT_MAX_MS) {
    throw usageMistake(`--timeout ${shown(text)} is not a time: give whole milliseconds from 1 to ${TIMEOUT_MAX_MS}`)
  }
  return timeout
}

/** Where a name is allowed, it is resolved by whoever dials it. */
export function parseEndpoint(what: string): (text: string) => Endpoint {
  return (text) => {
    const endpoint = parseHostPort(text)
    if (endpoint === undefined) {
      throw usageMistake(`${what} ${shown(text)} is not HOST:PORT: write it like 192.0.2.7:6881 or [2001:db8::7]:6881`)
    }
    return endpoint
  }
}

/** `--peer` may come again and again. */
export function collectEndpoints(flag: string): (text: string, before: readonly Endpoint[]) => readonly Endpoint[] {
  const parse = parseEndpoint(flag)
  return (text, before) => [...before, parse(text)]
}

/** `host:port,host:port`, or `none`. */
export function parseBootstrap(text: string): readonly string[] {
  if (text === 'none') return []
  const parse = parseEndpoint('--bootstrap')
  const parts = text.split(',').map((part) => part.trim())
  return parts.filter((part) => part !== '' || parts.length === 1).map((part) => formatEndpoint(parse(part)))
}

/** An address of this machine: bound as it is, so a literal. */
export function parseBindAddress(text: string): string {
  if (parseIp(text) === undefined) {
    throw usageMistake(
      `--bind ${shown(text)} is not an IP address: give one of this machine's own, or leave it out for all`,
    )
  }
  return text
}

/** What others are told to dial: an address or a name, without a port. */
export function parsePublicHost(text: string): string {
  const isLiteral = parseIp(text) !== undefined
  const isName =
    text.length <= 253 &&
    /^[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?)*\.?$/.test(text)
  if (!isLiteral && !isName) {
    throw usageMistake(
      `--host ${shown(text)} is not an address or a host name: give what others can dial, and the port with --port`,
    )
  }
  return text
}

/** 40 hex digits. */
export function parseInfoHash(text: string): Uint8Array {
  const hash = text.length === 40 ? fromHex(text) : undefined
  if (hash === undefined) {
    throw usageMistake(`${shown(text)} is not an info hash: give 40 hex digits, or a name with --topic`)
  }
  return hash
}

/** What `dht put` tells: 40 hex digits. */
export function parseItemTarget(text: string): string {
  if (text.length !== 40 || fromHex(text) === undefined) {
    throw usageMistake(`${shown(text)} is not a target: give the 40 hex digits that shoal dht put has told`)
  }
  return text
}

export function parseItemSalt(text: string): string {
  const bytes = Buffer.byteLength(text)
  if (bytes > ITEM_SALT_MAX_BYTES) {
    throw usageMistake(`--salt is ${bytes} bytes long: give at most ${ITEM_SALT_MAX_BYTES}`)
  }
  return text
}

export function parseItemSeq(text: string): bigint {
  const seq = /^\d{1,19}$/.test(text) ? BigInt(text) : undefined
  if (seq === undefined || seq >= 2n ** 63n) {
    throw usageMistake(
      `--seq ${shown(text)} is not a number that an item can have: give a whole number from 0 to 2^63 - 1`,
    )
  }
  return seq
}

export function parseJsonValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const hint = /^[\p{L}\p{N}_ .,!?-]+$/u.test(text)
      ? `: a text needs its quotes, like '${JSON.stringify(text)}'`
      : ': check its quotes and brackets'
    throw usageMistake(`${shown(text)} is not JSON${hint}`, error)
  }
}

/** A key as it is on the wire, or, under --private, one within one's own namespace. */
export function parseKey(text: string): string {
  if (text === '') throw usageMistake('the key is empty: give a name such as greeting')
  return parsePrefix(text, 'key')
}

/** How keys begin; the empty text for all of them. */
export function parsePrefix(text: string, what = 'prefix'): string {
  const bytes = Buffer.byteLength(text)
  if (bytes > KEY_MAX_BYTES) {
    throw usageMistake(`the ${what} is ${bytes} bytes long: choose one of at most ${KEY_MAX_BYTES} bytes`)
  }
  return text
}

export function parseChoice<T extends string>(flag: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const choice = choices.find((one) => one === text)
    if (choice === undefined)
      throw usageMistake(`${flag} ${shown(text)} is not known: choose one of ${choices.join(', ')}`)
    return choice
  }
}

function wholeNumber(text: string): number | undefined {
  const number = /^\d{1,12}$/.test(text) ? Number(text) : undefined
  return number
}
