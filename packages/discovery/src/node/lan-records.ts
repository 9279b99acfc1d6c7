/**
 * What is said on the local network, as DNS records: DNS-SD (RFC 6763) of our own, and the multicast records of npm
 * dns-discovery, the LAN half of discovery-channel. Topics are named by their info hash alone. Packets come from anybody on
 * the link: they are read here once, a bounded part of each, into what they ask and what they claim.
 */

import { isPort } from '@shoal/base'
import type { QueryOutgoingPacket, ResponseOutgoingPacket } from 'multicast-dns'

type Question = QueryOutgoingPacket['questions'][number]
export type Answer = ResponseOutgoingPacket['answers'][number]

/** As multicast-dns decodes and encodes it. */
export interface Packet {
  readonly type?: 'query' | 'response' | undefined
  readonly questions?: Question[] | undefined
  readonly answers?: Answer[] | undefined
  readonly additionals?: Answer[] | undefined
}

const SERVICE = '_shoal._tcp.local'
/** dns-discovery's domain, and its one record: TXT with `peers=`, base64 of four bytes of address and two of port each. */
const COMPAT = 'dns-discovery.local'
/** Of one packet so many records are looked at, and so many places taken. */
const RECORDS_MAX = 64
const PLACES_MAX = 16
/** RFC 6762, 10: what names a host lives two minutes. */
const TTL_S = 120
const COMPAT_PEER_BYTES = 6

export interface HeardQuestion {
  /** Info hash, 40 hex digits. */
  readonly topic: string
  /** By a program that knows dns-discovery's records alone. */
  readonly isCompat: boolean
}

export interface HeardPlace {
  readonly topic: string
  readonly port: number
  /** Who is named, besides the sender; in dns-discovery's records often nobody else is meant. */
  readonly hosts: readonly string[]
  /** Whether the sender speaks of itself. */
  readonly isSender: boolean
}

export interface Heard {
  readonly questions: readonly HeardQuestion[]
  readonly places: readonly HeardPlace[]
}

/** One port of ours that is announced on one topic. */
export interface LanService {
  readonly topic: string
  readonly port: number
  /** Tells our records from others'; random, another one each run. */
  readonly instance: string
  readonly ipv4: readonly string[]
  readonly ipv6: readonly string[]
}

/** Both ways of asking in one packet: a question of dns-discovery alone is how its own programs are known. */
export function questionPacket(topic: string): Packet {
  return {
    type: 'query',
    questions: [
      { name: serviceName(topic), type: 'PTR' },
      { name: compatName(topic), type: 'TXT' },
    ],
  }
}

/** An answer, also one that nobody asked for; a goodbye (RFC 6762, 10.1) has the lifetime 0. */
export function answerPacket(service: LanService, isGoodbye = false): Packet {
  const { topic, port, instance, ipv4, ipv6 } = service
  const ttl = isGoodbye ? 0 : TTL_S
  const name = `${instance}-${port}.${SERVICE}`
  const target = `${instance}.local`
  const answers: Answer[] = [{ type: 'PTR', name: serviceName(topic), ttl, data: name }]
  if (!isGoodbye) {
    const place = Buffer.alloc(COMPAT_PEER_BYTES)
    place.writeUInt16BE(port, 4)
    answers.push({ type: 'TXT', name: compatName(topic), ttl: 0, data: [`peers=${place.toString('base64')}`] })
  }
  return {
    type: 'response',
    answers,
    additionals: [
      { type: 'SRV', name, ttl, data: { port, target } },
      { type: 'TXT', name, ttl, data: ['v=1'] },
      ...ipv4.map((data): Answer => ({ type: 'A', name: target, ttl, data })),
      ...ipv6.map((data): Answer => ({ type: 'AAAA', name: target, ttl, data })),
    ],
  }
}

/** What a decoded packet says of topics that we have joined; `instance` is our own, whose records are left out. */
export function readPacket(packet: Packet, instance: string): Heard {
  const records = [...(packet.answers ?? []), ...(packet.additionals ?? [])].slice(0, RECORDS_MAX)
  // A question also carries what its sender knows already (RFC 6762, 7.1): that is no claim of its own.
  const claims = packet.type === 'response' ? records : []
  return {
    questions: readQuestions((packet.questions ?? []).slice(0, RECORDS_MAX)),
    places: [...servicePlaces(claims, instance), ...claims.flatMap(compatPlaces)].slice(0, PLACES_MAX),
  }
}

function readQuestions(questions: readonly Question[]): HeardQuestion[] {
  const asked = new Map<string, HeardQuestion>()
  for (const { name, type: recordType } of questions) {
    // The types of the library know no question for everything; packets do.
    const type: string = recordType
    const ours = type === 'PTR' || type === 'ANY' ? topicOf(name, `._sub.${SERVICE}`) : undefined
    const theirs = type === 'TXT' || type === 'ANY' ? topicOf(`_${name}`, `.${COMPAT}`) : undefined
    if (ours !== undefined) asked.set(ours, { topic: ours, isCompat: false })
    else if (theirs !== undefined && !asked.has(theirs)) asked.set(theirs, { topic: theirs, isCompat: true })
  }
  return [...asked.values()]
}

function servicePlaces(records: readonly Answer[], own: string): HeardPlace[] {
  const places: HeardPlace[] = []
  for (const record of records) {
    if (record.type !== 'PTR' || record.ttl === 0) continue
    const topic = topicOf(record.name, `._sub.${SERVICE}`)
    if (topic === undefined || record.data.startsWith(own)) continue
    const service = records.find((other) => other.type === 'SRV' && other.name === record.data)
    if (service?.type !== 'SRV' || !isPort(service.data.port)) continue
    const { port, target } = service.data
    const hosts = records.flatMap((other) =>
      (other.type === 'A' || other.type === 'AAAA') && other.name === target ? [other.data] : [],
    )
    places.push({ topic, port, hosts, isSender: true })
  }
  return places
}

function compatPlaces(record: Answer): HeardPlace[] {
  const topic = typeof record.name === 'string' ? topicOf(`_${record.name}`, `.${COMPAT}`) : undefined
  if (topic === undefined) return []
  if (record.type === 'SRV') {
    const { port, target } = record.data
    return isPort(port) ? [compatPlace(topic, target, port)] : []
  }
  if (record.type !== 'TXT') return []
  const texts = (Array.isArray(record.data) ? record.data : [record.data]).map(String)
  const peers = texts.find((text) => text.startsWith('peers='))
  const bytes = Buffer.from(peers?.slice('peers='.length) ?? '', 'base64')
  const places: HeardPlace[] = []
  for (let at = 0; at + COMPAT_PEER_BYTES <= bytes.length && places.length < PLACES_MAX; at += COMPAT_PEER_BYTES) {
    const port = bytes.readUInt16BE(at + 4)
    if (isPort(port)) places.push(compatPlace(topic, bytes.subarray(at, at + 4).join('.'), port))
  }
  return places
}

function compatPlace(topic: string, host: string, port: number): HeardPlace {
  const isSender = host === '0.0.0.0'
  return { topic, port, hosts: isSender ? [] : [host], isSender }
}

function topicOf(name: unknown, ending: string): string | undefined {
  if (typeof name !== 'string' || name.length !== 41 + ending.length) return undefined
  const text = name.toLowerCase()
  return text.endsWith(ending) && /^_[0-9a-f]{40}$/.test(text.slice(0, 41)) ? text.slice(1, 41) : undefined
}

function serviceName(topic: string): string {
  return `_${topic}._sub.${SERVICE}`
}

function compatName(topic: string): string {
  return `${topic}.${COMPAT}`
}
