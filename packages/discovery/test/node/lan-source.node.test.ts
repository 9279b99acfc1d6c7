import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Candidate } from '@shoal/peer'
import makeMdns, { type MulticastDNS, type ResponsePacket } from 'multicast-dns'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { Discovery, type DiscoverySources, type Session } from '../../src/index.ts'

const TOPIC = 'a lan'
let port = 0
beforeEach(async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  port = socket.address().port
  socket.close()
})

function discovery(sources: DiscoverySources = { lan: { interfaces: ['lo'], port } }): Discovery {
  const made = new Discovery({ sources })
  onTestFinished(() => made.close())
  return made
}

async function next(session: Session): Promise<string> {
  for await (const { host, port, source } of session as AsyncIterable<Candidate>) return `${source} ${host}:${port}`
  return 'over'
}

/** A neighbour on loopback that hears everything, and says what the test wants. */
async function neighbour(): Promise<{ mdns: MulticastDNS; raw: Socket; heard: ResponsePacket[] }> {
  const raw = createSocket({ type: 'udp4', reuseAddr: true })
  raw.bind({ port, address: '224.0.0.251', exclusive: false })
  await once(raw, 'listening')
  raw.addMembership('224.0.0.251', '127.0.0.1')
  raw.setMulticastInterface('127.0.0.1')
  const mdns = makeMdns({ socket: raw, port, bind: false, multicast: false })
  onTestFinished(() => void mdns.destroy())
  const heard: ResponsePacket[] = []
  mdns.on('response', (packet) => heard.push(packet))
  return { mdns, raw, heard }
}

function ttls(packet: ResponsePacket): unknown[] {
  return (packet.answers ?? []).map((answer) => ('ttl' in answer ? answer.ttl : undefined))
}

test('[S-80] who announces is found by who looks, whichever of them comes first, and not by itself', async () => {
  const [server, early, late] = [discovery(), discovery(), discovery()]
  const first = next(early.join(TOPIC))
  const own = server.join(TOPIC, { port: 4_000 })
  expect(await first).toBe('lan 127.0.0.1:4000')
  expect(await next(late.join(TOPIC))).toBe('lan 127.0.0.1:4000')
  const other = discovery().join(TOPIC, { port: 4_001 })
  expect(await next(own)).toBe('lan 127.0.0.1:4001')
  expect(await next(other)).toBe('lan 127.0.0.1:4000')
  expect(own.stats().places).toBe(1)
})

test('[S-87] leaving says goodbye once, and then nothing is answered', async () => {
  const server = discovery()
  const { mdns, heard } = await neighbour()
  const session = server.join(TOPIC, { port: 4_000 })
  await once(mdns, 'response')
  const [announced] = heard
  expect(announced?.answers?.[0]?.name).toMatch(/^_[0-9a-f]{40}\._sub\._shoal\._tcp\.local$/)
  expect(JSON.stringify(announced)).not.toContain(TOPIC)
  const goodbye = once(mdns, 'response')
  await session.leave()
  await goodbye
  expect(ttls(heard.at(-1) as ResponsePacket)).toEqual([0])
  const count = heard.length
  mdns.query([{ name: announced?.answers?.[0]?.name ?? '', type: 'PTR' }])
  // What comes after the question on the same socket would have come after the answer too.
  const again = discovery().join(TOPIC, { port: 4_001 })
  await once(again, 'announced')
  await once(mdns, 'response')
  expect(heard.slice(count).every((packet) => JSON.stringify(packet).includes('4001'))).toBe(true)
})

test('[S-84] whatever comes in, nothing falls over, and a flood of questions gets few answers', async () => {
  const server = discovery()
  const { mdns, raw, heard } = await neighbour()
  const session = server.join(TOPIC, { port: 4_000 })
  await once(mdns, 'response')
  const send = (bytes: Buffer): Promise<void> =>
    new Promise((resolve) => raw.send(bytes, port, '224.0.0.251', () => resolve()))
  const name = heard[0]?.answers?.[0]?.name ?? ''
  await send(Buffer.alloc(0))
  await send(Buffer.alloc(11, 255))
  await send(Buffer.alloc(9_500, 1))
  await send(Buffer.from('000084000000000100000000c00c000c0001000000780002c00c', 'hex'))
  for (let i = 0; i < 40; i++) mdns.query([{ name, type: 'PTR' }])
  discovery().join(TOPIC, { port: 4_001 })
  expect(await next(session)).toBe('lan 127.0.0.1:4001')
  expect(heard.filter((packet) => JSON.stringify(packet).includes('4000')).length).toBeLessThanOrEqual(10)
})

test('[S-86] a neighbour can name places on the link, and no others', async () => {
  const client = discovery()
  const session = client.join(TOPIC)
  const { mdns } = await neighbour()
  const [question] = (await Promise.all([once(mdns, 'query'), client.update()]))[0] as [
    { questions: { name: string }[] },
  ]
  const compat = question.questions.find(({ name }) => name.endsWith('.dns-discovery.local'))?.name ?? ''
  expect(compat).toMatch(/^[0-9a-f]{40}\./)
  const srv = (target: string, at: number): Parameters<MulticastDNS['respond']>[0] => [
    { type: 'SRV', name: compat, ttl: 0, data: { port: at, target } },
  ]
  for (const target of ['8.8.8.8', '192.168.1.1', '10.0.0.1', 'localhost']) mdns.respond(srv(target, 22))
  mdns.respond(srv('127.0.0.9', 4_000))
  expect(await next(session)).toBe('lan 127.0.0.9:4000')
  expect(session.stats().places).toBe(1)
})

test('[S-88] without an interface that takes multicast there is one warning, and the rest goes on', async () => {
  const made = discovery({ lan: { interfaces: ['none0'], port }, static: ['127.0.0.1:4000'] })
  const warnings: string[] = []
  made.on('warning', (sentence) => warnings.push(sentence))
  const warned = once(made, 'warning')
  const session = made.join(TOPIC, { port: 4_002 })
  const [fault] = (await once(session, 'fault')) as [{ source: string }]
  expect(fault.source).toBe('lan')
  await warned
  expect(await next(session)).toBe('static 127.0.0.1:4000')
  expect(warnings).toEqual([expect.stringContaining('no network interface takes multicast')])
})

test('[S-89] without `lan` among the sources no multicast socket is opened', async () => {
  const sockets = (): number =>
    process.getActiveResourcesInfo().filter((name) => name.toLowerCase() === 'udpwrap').length
  const before = sockets()
  const made = discovery({ static: ['127.0.0.1:4000'] })
  const session = made.join(TOPIC, { port: 4_002 })
  expect(await next(session)).toBe('static 127.0.0.1:4000')
  expect(sockets()).toBe(before)
  await once(discovery().join(TOPIC, { port: 4_003 }), 'announced')
  expect(sockets()).toBe(before + 1)
})

test('[S-46] options of the local network that are none are refused by name', () => {
  expect(() => new Discovery({ sources: { lan: { interface: 'lo' } as never } })).toThrow(/"interface"/)
})
