import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ToolDb } from '../../src/tool-db.ts'
import { connected, placeOf, server, started, until } from './world.ts'

interface Place {
  readonly host: string
  readonly port: number
}

interface Tap {
  readonly place: Place
  /** Every byte that went over it, both ways. */
  readonly heard: () => string
}

/** Somebody on the way who writes down everything: on another loopback address, all of which are the server's own. */
async function tapped(to: Place): Promise<Tap> {
  const chunks: Buffer[] = []
  const sockets: Socket[] = []
  const tap = createServer((inbound) => {
    const outbound = connect(to)
    sockets.push(inbound, outbound)
    for (const [from, into] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      from.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        into.write(chunk)
      })
      from.on('close', () => into.destroy())
      from.on('error', () => into.destroy())
    }
  }).listen(to.port, '127.0.0.2')
  await once(tap, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    tap.close()
  })
  return { place: { host: '127.0.0.2', port: to.port }, heard: () => Buffer.concat(chunks).toString('latin1') }
}

async function story(options: { encryption: boolean }): Promise<string> {
  const a = await server(options)
  const tap = await tapped(placeOf(a))
  const client = await started({ ...options, peers: [tap.place] })
  await connected(client)
  expect(client.peers[0]?.encrypted).toBe(options.encryption)
  await client.subscribeData('the-key')
  // What the server pushes is hidden by no mask of the WebSocket.
  await a.putData('the-key', 'the-value')
  await until(async () => (await client.getData('the-key')) === 'the-value')
  return tap.heard()
}

test('[E-11] who records a connection on loopback finds no key and no value in it', async () => {
  const clear = await story({ encryption: false })
  expect([clear.includes('the-key'), clear.includes('the-value')]).toEqual([true, true])
  const sealed = await story({ encryption: true })
  expect(sealed.length).toBeGreaterThan(1_000)
  expect([sealed.includes('the-key'), sealed.includes('the-value'), sealed.includes('"type":"put"')]).toEqual([
    false,
    false,
    false,
  ])
})

test('[E-10] values of any size go through an encrypted connection, both ways', async () => {
  const a = await server()
  const client = await started({ peers: [placeOf(a)] })
  await connected(client)
  for (const size of [0, 1, 65_400, 65_600, 200_000, 500_000]) {
    const value = 'ü'.repeat(size / 2)
    await client.putData(`up-${size}`, value, false, { confirm: 1 })
    expect(await a.getData(`up-${size}`)).toBe(value)
    await a.putData(`down-${size}`, value)
    expect(await client.getData(`down-${size}`)).toBe(value)
  }
  expect(a.stats()['now.peers-encrypted']).toBe(1)
})

test('[E-13] requireEncryption refuses who does not encrypt, and says so to the application', async () => {
  const strict = await server({ requireEncryption: true })
  const open = await started({ encryption: false, peers: [placeOf(strict)] })
  const [refusal] = (await once(open as never, 'encryption-refused')) as [object]
  expect(refusal).toMatchObject({ code: 'ENCRYPTION_REQUIRED', port: placeOf(strict).port })
  const client = await started({ peers: [placeOf(strict)] })
  await connected(client)
  expect(client.peers[0]).toMatchObject({ proven: true, encrypted: true })
  expect(strict.peers).toHaveLength(1)
})

test('[E-13] options that exclude each other are refused with a sentence', () => {
  expect(() => new ToolDb({ requireEncryption: true, encryption: false })).toThrow(/exclude each other/)
  class Adapter {
    readonly clientToSend = {}
  }
  expect(() => new ToolDb({ requireEncryption: true, networkAdapter: Adapter as never })).toThrow(/carries bytes/)
})
