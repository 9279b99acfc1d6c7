import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { type AnnounceOptions, Dht } from '../src/index.ts'
import { type Bencoded, decode, dig, packet } from './bencode.ts'

const HASH = '0123456789abcdef0123456789abcdef01234567'

/** What a node announces to another that gives tokens: the arguments of its announce_peer. */
async function announced(options: AnnounceOptions): Promise<{ port: number; arguments: Bencoded | undefined }> {
  const socket = createSocket('udp4')
  onTestFinished(() => void socket.close())
  let heard: Bencoded | undefined
  socket.on('message', (bytes, from) => {
    const query = decode(bytes)
    if (dig(query, 'q') === 'announce_peer') heard = dig(query, 'a')
    const r = { id: 'abcdefghij0123456789', nodes: '', token: 'token' }
    socket.send(packet({ r, t: dig(query, 't') as string, y: 'r' }), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const dht = new Dht({ bootstrap: [`127.0.0.1:${socket.address().port}`], host: '127.0.0.1' })
  onTestFinished(() => dht.close())
  const { ipv4 } = await dht.listening
  expect((await dht.announce(HASH, options)).nodes).toBe(1)
  return { port: ipv4?.port ?? 0, arguments: heard }
}

test('[D-129] the port that others see us at goes out with the one that we are bound to', async () => {
  for (const options of [{}, { impliedPort: true }, { impliedPort: true, port: 0 }]) {
    const { port, arguments: heard } = await announced(options)
    expect(heard).toMatchObject({ implied_port: 1, port })
  }
})

test('[D-129] or with the one that was given', async () => {
  expect((await announced({ impliedPort: true, port: 9_000 })).arguments).toMatchObject({
    implied_port: 1,
    port: 9_000,
  })
  const { arguments: heard } = await announced({ port: 9_000 })
  expect([dig(heard as Bencoded, 'implied_port'), dig(heard as Bencoded, 'port')]).toEqual([undefined, 9_000])
})
