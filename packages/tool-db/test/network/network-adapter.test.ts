import { expect, test } from 'vitest'
import { type NetworkAdapterHost, ToolDbNetworkAdapter } from '../../src/network/network-adapter.ts'

function adapter(options: { connected: readonly string[] }): {
  adapter: ToolDbNetworkAdapter
  sent: [clientId: string, message: unknown][]
  taken: [message: unknown, clientId: string][]
} {
  const sent: [string, unknown][] = []
  const taken: [unknown, string][] = []
  const host: NetworkAdapterHost = {
    options: { server: true, host: '192.0.2.1', port: 9_000, topic: 'topic' },
    peerAccount: {
      getAddress: () => `04${'a'.repeat(106)}12345678901234567890`,
      signData: async (text) => `signed ${text.length}`,
    },
    logger: () => undefined,
    clientOnMessage: (message, clientId) => taken.push([message, clientId]),
  }
  const made = new ToolDbNetworkAdapter(host)
  for (const id of options.connected) {
    made.onClientMessage(
      JSON.stringify({ type: 'ping', clientId: id, isServer: id.startsWith('server') }),
      '',
      (clientId) => {
        made.isClientConnected[clientId] = () => true
        made.clientToSend[clientId] = (text) => sent.push([clientId, JSON.parse(text)])
      },
    )
  }
  return { adapter: made, sent, taken }
}

const US = '12345678901234567890'

test('[N-37] the ping carries our signed endpoint and the last 20 characters of the address', async () => {
  const { adapter: made } = adapter({ connected: [] })
  expect(made.getClientAddress()).toBe(US)
  const ping = JSON.parse(await made.craftPingMessage())
  expect(ping).toMatchObject({ type: 'ping', clientId: US, to: [US], isServer: true })
  expect(ping.id).toMatch(/^[A-Za-z0-9]{10}$/)
  expect(ping.peer).toMatchObject({ topic: 'topic', host: '192.0.2.1', port: 9_000, sig: 'signed 64' })
  expect(ping.peer.address).toHaveLength(128)
})

test('[N-37] sendToAll skips who has had it, who is gone, and clients where only servers are meant', () => {
  const { adapter: made, sent } = adapter({ connected: ['client', 'server1', 'server2', '__proto__'] })
  made.isClientConnected['server2'] = () => false
  made.sendToAll({ to: ['client'], type: 'put' } as { to: string[] })
  expect(sent.map(([id]) => id)).toEqual(['server1', '__proto__'])
  expect(sent[0]?.[1]).toEqual({ to: ['client', US], type: 'put' })
  sent.length = 0
  made.sendToAll({ to: [] }, true)
  expect(sent.map(([id]) => id)).toEqual(['server1'])
})

test('[N-37] sending to nobody, or over a socket that throws, is no error', () => {
  const { adapter: made, sent } = adapter({ connected: ['client'] })
  made.sendToClientId('nobody', { to: [] })
  made.clientToSend['client'] = () => {
    throw new Error('closed')
  }
  made.sendToClientId('client', { to: [] })
  made.sendToAll({ to: [] })
  expect(sent).toEqual([])
})

test('[N-37] what comes over a known socket goes to the database, as text where it is no object; a lost client is forgotten', () => {
  const { adapter: made, taken } = adapter({ connected: ['server1'] })
  taken.length = 0
  made.onClientMessage('{"type":"put"}', 'server1', () => expect.unreachable())
  made.onClientMessage('{"type":', 'server1', () => expect.unreachable())
  made.onClientMessage('[1]', 'server1', () => expect.unreachable())
  expect(taken).toEqual([
    [{ type: 'put' }, 'server1'],
    ['{"type":', 'server1'],
    ['[1]', 'server1'],
  ])
  expect([made.isConnected('server1'), made.isServer('server1')]).toEqual([true, true])
  made.onClientDisconnect('server1')
  expect([made.isConnected('server1'), made.isServer('server1')]).toEqual([false, false])
  expect(Object.keys(made.clientToSend)).toEqual([])
})
