import type { Endpoint } from '@shoal/base'
import { describe, expect, test, vi } from 'vitest'
import { AdapterNetwork } from '../../src/network/adapter-network.ts'
import type { Channel, ChannelEvents } from '../../src/network/channel.ts'
import type { NetworkAdapterHost } from '../../src/network/network-adapter.ts'
import { type BaseClass, type Hub, type HubAdapter, hubAdapterOn, NPM_BASE, OUR_BASE } from './hub-adapter.ts'

const ENDPOINT: Endpoint = { host: '192.0.2.1', port: 9_000 }
const NEVER = new AbortController().signal

interface Seen {
  readonly channel: Channel
  readonly messages: string[]
  closedFor?: string
}

interface Peer {
  readonly adapter: HubAdapter
  readonly network: AdapterNetwork
  readonly seen: Seen[]
  readonly onChannel: (channel: Channel) => ChannelEvents
}

/** Stands for the node: keeps what comes. */
function peer(base: BaseClass, hub: Hub, options: { name: string; server: boolean }): Peer {
  const holder: { network?: AdapterNetwork } = {}
  const host = {
    options: { server: options.server, host: '192.0.2.1', port: ENDPOINT.port, topic: 'topic' },
    peerAccount: {
      getAddress: () => `address-of-${options.name.padStart(20, '-')}`,
      signData: async () => 'signature',
    },
    logger: () => undefined,
    clientOnMessage: (message: unknown, clientId: string) => holder.network?.clientOnMessage(message, clientId),
    // What tool-db's own base class also asks of its database.
    once: () => undefined,
    onPeerConnect: () => undefined,
    processedOutHashes: {},
    serverPeers: [],
  } satisfies NetworkAdapterHost & Record<string, unknown>
  const adapter = new (hubAdapterOn(base))(host, hub)
  const network = new AdapterNetwork(adapter)
  holder.network = network
  const seen: Seen[] = []
  const onChannel = (channel: Channel): ChannelEvents => {
    const entry: Seen = { channel, messages: [] }
    seen.push(entry)
    return {
      onMessage: (message) => entry.messages.push(message as string),
      onClose: (reason) => {
        entry.closedFor = reason
      },
    }
  }
  return { adapter, network, seen, onChannel }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve()
}

async function pair(base: BaseClass): Promise<{ server: Peer; client: Peer }> {
  const hub: Hub = new Map()
  const server = peer(base, hub, { name: 'server', server: true })
  const client = peer(base, hub, { name: 'client', server: false })
  await server.network.listen(server.onChannel)
  return { server, client }
}

function ping(clientId: string, id: string): string {
  return JSON.stringify({ type: 'ping', id, clientId, shoal: { v: 1 } })
}

function pong(clientId: string, id: string): string {
  return JSON.stringify({ type: 'pong', id, clientId })
}

/** As the node does it: ping, and pong in answer. */
async function connected(base: BaseClass): Promise<{ server: Peer; client: Peer; inbound: Seen; outbound: Seen }> {
  const { server, client } = await pair(base)
  const channel = await client.network.dial(ENDPOINT, client.onChannel, NEVER)
  expect(channel.send(ping('client', 'p1'))).toBe(true)
  await settled()
  const inbound = server.seen[0] as Seen
  expect(inbound.channel.send(pong('server', 'p1'))).toBe(true)
  await settled()
  return { server, client, inbound, outbound: client.seen[0] as Seen }
}

describe.each([
  ['our base class', OUR_BASE],
  ["tool-db's base class", NPM_BASE],
])('an adapter on %s', (_name, base) => {
  test("[N-30] becomes channels: the node's own ping opens one, its pong binds it to the client id", async () => {
    const { inbound, outbound } = await connected(base)
    expect([inbound.channel.direction, outbound.channel.direction]).toEqual(['inbound', 'outbound'])
    expect(outbound.channel.remote).toEqual(ENDPOINT)
    expect(inbound.messages.map((text) => JSON.parse(text))).toEqual([JSON.parse(ping('client', 'p1'))])
    expect(outbound.messages.map((text) => JSON.parse(text))).toEqual([JSON.parse(pong('server', 'p1'))])
    outbound.channel.send('{"type":"get","n":1}')
    inbound.channel.send('{"type":"put","n":2}')
    await settled()
    expect(inbound.messages.at(-1)).toBe('{"type":"get","n":1}')
    expect(outbound.messages.at(-1)).toBe('{"type":"put","n":2}')
    expect(outbound.channel.send(Uint8Array.of(1))).toBe(false)
  })

  test('[N-31] a dial that finds nobody ends when it is called off; the next one goes on', async () => {
    const { client } = await pair(base)
    const controller = new AbortController()
    const dial = client.network.dial({ host: '192.0.2.1', port: 1 }, client.onChannel, controller.signal)
    const next = client.network.dial(ENDPOINT, client.onChannel, NEVER)
    controller.abort()
    await expect(dial).rejects.toMatchObject({ code: 'SHOAL_DIAL_FAILED' })
    expect((await next).direction).toBe('outbound')
    expect(client.seen).toHaveLength(1)
  })

  test('[N-32] what the adapter dials by itself comes as an outbound channel, with a plain ping', async () => {
    const { server, client } = await pair(base)
    await client.network.listen(client.onChannel)
    client.adapter.connectTo('192.0.2.1', ENDPOINT.port)
    await settled()
    const [unasked] = client.seen
    expect(unasked?.channel.direction).toBe('outbound')
    unasked?.channel.send(ping('client', 'p2'))
    await settled()
    expect(server.seen[0]?.messages.map((text) => JSON.parse(text))).toEqual([
      { type: 'ping', id: 'p2', clientId: 'client' },
    ])
  })

  test('[N-33] a connection that broke closes its channel, also where the adapter does not tell', async () => {
    const told = await connected(base)
    told.server.adapter.cutAll(false)
    await settled()
    expect(told.inbound.closedFor).toBe('the connection broke')
    expect(told.inbound.channel.send('x')).toBe(false)

    vi.useFakeTimers()
    try {
      const silent = await connected(base)
      silent.server.adapter.cutAll(true)
      await settled()
      expect(silent.inbound.closedFor).toBeUndefined()
      await vi.advanceTimersByTimeAsync(5_000)
      expect(silent.inbound.closedFor).toBe('the connection broke')
    } finally {
      vi.useRealTimers()
    }
  })

  test('[N-34] strangers cannot reach a prototype, open a channel without a ping, or answer what was not asked', async () => {
    const { server } = await pair(base)
    const { network } = server
    for (const message of [
      'not JSON',
      '[]',
      'null',
      7,
      null,
      { type: 'put' },
      { type: 'pong', id: 'p9' },
      { type: 'pong' },
    ]) {
      network.clientOnMessage(message, 'stranger')
    }
    expect(server.seen).toHaveLength(0)
    for (const id of ['__proto__', 'constructor', 'toString']) {
      network.clientOnMessage({ type: 'ping', id: 'x' }, id)
      expect(server.seen.at(-1)?.channel.send('text')).toBe(false)
    }
    expect(({} as Record<string, unknown>)['text']).toBeUndefined()
  })

  test('[N-35] close ends the channels, the dial under way and the adapter', async () => {
    const { client, outbound } = await connected(base)
    const dial = client.network.dial({ host: '192.0.2.1', port: 1 }, client.onChannel, NEVER)
    const failed = expect(dial).rejects.toMatchObject({ code: 'SHOAL_DIAL_FAILED' })
    await settled()
    await client.network.close()
    await failed
    expect(outbound.closedFor).toBe('going away')
    expect(client.adapter.closed).toBe(true)
    await expect(client.network.dial(ENDPOINT, client.onChannel, NEVER)).rejects.toMatchObject({ code: 'SHOAL_CLOSED' })
  })
})

test('[N-36] on our base class a stranger who says the id of a connected client gets nothing of it', async () => {
  const { server, inbound } = await connected(OUR_BASE)
  const setClientId = vi.fn()
  server.adapter.onClientMessage(ping('client', 'evil'), '', setClientId)
  expect(setClientId).not.toHaveBeenCalled()
  expect(inbound.messages).toHaveLength(1)
  for (const id of ['', 5, null, 'x'.repeat(201)]) {
    server.adapter.onClientMessage(JSON.stringify({ type: 'ping', clientId: id }), '', setClientId)
  }
  server.adapter.onClientMessage('{"type":"put","clientId":"x"}', '', setClientId)
  server.adapter.onClientMessage('{', '', setClientId)
  expect(setClientId).not.toHaveBeenCalled()
})
