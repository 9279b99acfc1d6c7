import { HOUR, MINUTE, type Millis, seededRandom } from '@shoal/base'
import { beforeAll, expect, test } from 'vitest'
import {
  EcdsaVerifier,
  formatInvite,
  INVITE_ENDPOINTS_MAX,
  INVITE_PREFIX,
  type Invite,
  inviteFault,
  KeyPair,
  newPrivateTopic,
  ownedTopic,
  type ParsedInvite,
  parseInvite,
  parseTopic,
  requireTopic,
  signEndpoint,
  type Topic,
} from '../src/index.ts'
import { sha256 } from './golden.ts'

const NOW = 1_770_000_000_000 as Millis
const UNTIL = (NOW - (NOW % MINUTE) + 24 * HOUR) as Millis
const PLAIN = requireTopic('päck')
const verifier = new EcdsaVerifier()
let keys: KeyPair

beforeAll(async () => {
  keys = await KeyPair.generate()
})

async function invite(topic: Topic = PLAIN, hosts: readonly string[] = ['203.0.113.7']): Promise<Invite> {
  const endpoints = await Promise.all(
    hosts.map((host) => signEndpoint({ topic: topic.publicId, timestamp: NOW, host, port: 9000 }, keys, sha256)),
  )
  return { topic, validUntil: UNTIL, endpoints }
}

function parse(text: unknown, now: Millis = NOW): ParsedInvite {
  return parseInvite(text, { now, sha256 })
}

/** `body` with the checksum that belongs to it, as somebody would write it who means harm. */
function crafted(body: Uint8Array): string {
  return INVITE_PREFIX + Buffer.concat([body, sha256(body).subarray(0, 4)]).toString('base64url')
}

function bodyOf(text: string): Buffer {
  return Buffer.from(text.slice(INVITE_PREFIX.length), 'base64url').subarray(0, -4)
}

test('[P-40] an invite to a topic of any kind comes back as it was, one word of some 250 characters', async () => {
  const topics = [PLAIN, ownedTopic('name', 'ab'.repeat(32)), newPrivateTopic(seededRandom(1))]
  for (const topic of topics) {
    const given = await invite(topic, ['203.0.113.7', '2001:db8::7', 'example.org'])
    const text = formatInvite(given, sha256)
    expect(text).toMatch(/^shoal:invite:[A-Za-z0-9_-]+$/)
    const parsed = parse(text)
    if (parsed.kind === 'refused') throw new Error(parsed.reason)
    expect(parsed.invite.topic.publicId).toBe(topic.publicId)
    if (topic.kind === 'private') expect((parsed.invite.topic as typeof topic).reveal()).toBe(topic.reveal())
    expect(parsed.invite).toMatchObject({ validUntil: UNTIL, endpoints: given.endpoints })
    expect(await inviteFault(parsed.invite, { now: NOW, verifier, sha256 })).toBeUndefined()
  }
  expect(formatInvite(await invite(), sha256).length).toBeLessThan(250)
})

test('[P-40] servers with another kind of key are in it as well', async () => {
  const given = await invite()
  const endpoints = given.endpoints.map((endpoint) => ({ ...endpoint, address: '0x1234', sig: '0xabcd' }))
  const parsed = parse(formatInvite({ ...given, endpoints }, sha256))
  expect(parsed).toMatchObject({ kind: 'invite', invite: { endpoints } })
})

test('[P-41] a letter that is wrong, missing or too many is one sentence, wherever it is', async () => {
  const text = formatInvite(await invite(), sha256)
  for (let at = INVITE_PREFIX.length; at < text.length; at++) {
    const other = text[at] === 'A' ? 'B' : 'A'
    for (const bad of [text.slice(0, at) + other + text.slice(at + 1), text.slice(0, at) + text.slice(at + 1)]) {
      expect(parse(bad)).toEqual({ kind: 'refused', reason: expect.stringMatching(/is damaged: copy the whole/) })
    }
  }
  for (const bad of ['', 'x', INVITE_PREFIX, `${text} `, `${text}=`, `${text}A`, 7, undefined, ` ${text}`]) {
    expect(parse(bad)).toMatchObject({ kind: 'refused' })
  }
})

test('[P-41] what makes no sense is damaged, also where its checksum fits', async () => {
  const body = bodyOf(formatInvite(await invite(), sha256))
  for (let length = 1; length < body.length; length++) {
    expect(parse(crafted(body.subarray(0, length)))).toMatchObject({ kind: 'refused' })
  }
  expect(parse(crafted(Buffer.concat([body, Buffer.alloc(1)])))).toMatchObject({ kind: 'refused' })
  const random = seededRandom(7)
  for (let i = 0; i < 2_000; i++) {
    const bytes = Buffer.from(body)
    bytes[5 + (random.uint32() % (bytes.length - 5))] = random.uint32()
    const parsed = parse(crafted(bytes))
    if (parsed.kind === 'refused' || bytes.equals(body)) continue
    expect(await inviteFault(parsed.invite, { now: NOW, verifier, sha256 })).toMatch(/forged/)
  }
})

test('[P-42] one that has expired, comes from the future or is of a later version says so', async () => {
  const given = await invite()
  const text = formatInvite(given, sha256)
  expect(parse(text, (UNTIL - 1) as Millis).kind).toBe('invite')
  expect(parse(text, UNTIL)).toMatchObject({ reason: expect.stringMatching(/has expired: ask for a new one/) })
  expect(parse(text, (NOW - 30_000) as Millis).kind).toBe('invite')
  expect(parse(text, (NOW - 30_001) as Millis)).toMatchObject({ reason: expect.stringMatching(/set this machine's/) })
  const later = bodyOf(text)
  later[0] = 2
  expect(parse(crafted(later))).toMatchObject({ reason: expect.stringMatching(/update shoal/) })
})

test('[P-43] a server that has signed something else, or for another topic, makes the invite forged', async () => {
  const given = await invite()
  const elsewhere = { ...given, endpoints: given.endpoints.map((endpoint) => ({ ...endpoint, host: '203.0.113.8' })) }
  const renamed = { ...given, topic: requireTopic('other') }
  for (const forged of [elsewhere, renamed]) {
    const parsed = parse(formatInvite(forged, sha256))
    if (parsed.kind === 'refused') throw new Error(parsed.reason)
    expect(await inviteFault(parsed.invite, { now: NOW, verifier, sha256 })).toMatch(/^the invite is forged/)
  }
})

test('[P-44] an invite names eight servers at most, and none is read that names more or is too long', async () => {
  const hosts = Array.from({ length: INVITE_ENDPOINTS_MAX + 3 }, (_, i) => `203.0.113.${i + 1}`)
  const given = await invite(PLAIN, hosts)
  const text = formatInvite(given, sha256)
  expect(parse(text)).toMatchObject({ invite: { endpoints: given.endpoints.slice(0, INVITE_ENDPOINTS_MAX) } })
  const one = bodyOf(formatInvite(await invite(), sha256))
  const head = one.indexOf(Buffer.from(PLAIN.publicId)) + Buffer.byteLength(PLAIN.publicId)
  const many = Array.from({ length: INVITE_ENDPOINTS_MAX + 1 }, () => one.subarray(head + 1))
  const count = Buffer.of(many.length)
  expect(parse(crafted(Buffer.concat([one.subarray(0, head), count, ...many])))).toMatchObject({ kind: 'refused' })
  expect(parse(INVITE_PREFIX + 'A'.repeat(5_000_000))).toMatchObject({ kind: 'refused' })
})

test('[P-45] no sentence repeats what was given: it may hold the secret of a topic', async () => {
  const topic = newPrivateTopic(seededRandom(3))
  const text = formatInvite(await invite(topic), sha256)
  const secret = topic.reveal().slice(-16)
  const coded = text.slice(INVITE_PREFIX.length)
  const tries = [text.slice(0, -1), text.toUpperCase(), ` ${text}`, `${text}\n`, crafted(bodyOf(text).subarray(0, -9))]
  for (const bad of tries) {
    const parsed = parse(bad)
    if (parsed.kind !== 'refused') throw new Error('was taken')
    const topicReason = parseTopic(bad)
    for (const said of [parsed.reason, topicReason.kind === 'refused' ? topicReason.reason : '']) {
      expect(said).not.toContain(secret)
      expect(said).not.toContain(coded.slice(0, 12))
    }
  }
  expect(parse(text, UNTIL)).toMatchObject({ reason: expect.not.stringContaining(secret) })
})

test('[P-46] an invite is no topic, however carelessly it is written', async () => {
  const text = formatInvite(await invite(), sha256)
  for (const given of [text, ` ${text}`, text.replace('shoal', 'Shoal'), 'shoal:invite:']) {
    expect(parseTopic(given)).toMatchObject({ kind: 'refused', reason: expect.stringMatching(/invite/) })
  }
})
