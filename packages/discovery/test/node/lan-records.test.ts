import { expect, test } from 'vitest'
import { type Answer, answerPacket, type Packet, questionPacket, readPacket } from '../../src/node/lan-records.ts'

const TOPIC = '0123456789abcdef0123456789abcdef01234567'
const OTHERS = { topic: TOPIC, port: 9_000, instance: 'aaaa', ipv4: ['192.168.1.7'], ipv6: ['fd00::7'] }
const COMPAT = `${TOPIC}.dns-discovery.local`

function compat(text: string): Answer {
  return { type: 'TXT', name: COMPAT, ttl: 0, data: [Buffer.from('token=x'), Buffer.from(text)] }
}

function response(...answers: Answer[]): Packet {
  return { type: 'response', answers }
}

test('[S-81] topics are named by their info hash; a question asks in both ways, and an answer says where', () => {
  expect(readPacket(questionPacket(TOPIC), 'me')).toEqual({
    questions: [{ topic: TOPIC, isCompat: false }],
    places: [],
  })
  const { places } = readPacket(answerPacket(OTHERS), 'me')
  expect(places).toEqual([
    { topic: TOPIC, port: 9_000, hosts: ['192.168.1.7', 'fd00::7'], isSender: true },
    { topic: TOPIC, port: 9_000, hosts: [], isSender: true },
  ])
})

test('[S-82] our own answers, goodbyes, and what a question claims are no places', () => {
  const own = answerPacket(OTHERS)
  expect(readPacket({ ...own, answers: (own.answers ?? []).slice(0, 1) }, 'aaaa').places).toEqual([])
  expect(readPacket(answerPacket(OTHERS, true), 'me').places).toEqual([])
  expect(readPacket({ ...own, type: 'query' }, 'me').places).toEqual([])
})

test('[S-83] the records of dns-discovery are asked for and answered, in TXT and SRV', () => {
  const asked = readPacket({ type: 'query', questions: [{ name: COMPAT, type: 'TXT' }] }, 'me')
  expect(asked.questions).toEqual([{ topic: TOPIC, isCompat: true }])
  const peers = Buffer.from([0, 0, 0, 0, 0x1f, 0x90, 10, 0, 0, 9, 0, 80, 1, 2]).toString('base64')
  expect(readPacket(response(compat(`peers=${peers}`)), 'me').places).toEqual([
    { topic: TOPIC, port: 8_080, hosts: [], isSender: true },
    { topic: TOPIC, port: 80, hosts: ['10.0.0.9'], isSender: false },
  ])
  const srv: Answer = { type: 'SRV', name: COMPAT, ttl: 0, data: { port: 7, target: '10.0.0.8' } }
  expect(readPacket(response(srv), 'me').places).toEqual([
    { topic: TOPIC, port: 7, hosts: ['10.0.0.8'], isSender: false },
  ])
})

const instance = `x._shoal._tcp.local`
const pointer: Answer = { type: 'PTR', name: `_${TOPIC}._sub._shoal._tcp.local`, ttl: 9, data: instance }
test.each<[string, Packet]>([
  ['nothing', {}],
  ['a pointer without a service', response(pointer)],
  ['port 0', response(pointer, { type: 'SRV', name: instance, ttl: 9, data: { port: 0, target: 'x' } })],
  ['a name that is no info hash', response({ ...pointer, name: '_0123._sub._shoal._tcp.local' })],
  ['another domain', response({ ...pointer, name: `_${TOPIC}._sub._shoal._tcp.locax` })],
  ['another service', response({ type: 'PTR', name: '_ipp._tcp.local', ttl: 9, data: 'printer._ipp._tcp.local' })],
  ['no text', response({ type: 'TXT', name: COMPAT, ttl: 0, data: [] })],
  ['another text', response(compat('peerz=AAAAAB+Q'))],
  ['cut short', response(compat('peers=AAAA'))],
  ['port 0 again', response(compat('peers=AAAAAAAA'))],
  ['no base64', response(compat('peers=\u0000%%%'))],
])('[S-84] a packet that makes no sense (%s) says nothing', (_what, packet) => {
  expect(readPacket(packet, 'me')).toEqual({ questions: [], places: [] })
})

test('[S-84] of a packet a bounded part is read', () => {
  const entry = Buffer.from([10, 0, 0, 9, 0, 80])
  const peers = Buffer.concat(Array.from({ length: 500 }, () => entry)).toString('base64')
  expect(readPacket(response(compat(`peers=${peers}`)), 'me').places).toHaveLength(16)
  const questions = Array.from({ length: 500 }, (_, i) => ({
    name: `${i.toString(16).padStart(40, '0')}.dns-discovery.local`,
    type: 'TXT' as const,
  }))
  expect(readPacket({ type: 'query', questions }, 'me').questions).toHaveLength(64)
})
