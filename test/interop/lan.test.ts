/** npm dns-discovery, the LAN half of discovery-channel 5.5.1, and our local network source, on multicast of loopback. */
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { Discovery } from '@shoal/discovery'
import { expect, onTestFinished, test } from 'vitest'
import { freeUdpPort } from '../support/free-udp-port.ts'

interface DnsDiscovery {
  announce(id: Uint8Array, port: number, options: { impliedPort: boolean }): void
  lookup(id: Uint8Array): void
  on(event: 'peer', listener: (id: string, peer: { host: string; port: number }) => void): void
  destroy(): void
}

const require = createRequire(import.meta.url)
const channel = createRequire(require.resolve('discovery-channel'))
const dnsDiscovery = channel('dns-discovery') as (options: object) => DnsDiscovery
const makeMdns = createRequire(channel.resolve('dns-discovery'))('multicast-dns') as (options: object) => object

const ID = Buffer.from(Array.from({ length: 20 }, (_, i) => i))

test('[S-83] dns-discovery finds what we announce, and we find what it announces, whoever comes first', async () => {
  const port = await freeUdpPort()
  const theirs = (): DnsDiscovery => {
    const multicast = makeMdns({ port, interface: '127.0.0.1', bind: '224.0.0.251' })
    const made = dnsDiscovery({ multicast, server: [] })
    onTestFinished(() => made.destroy())
    return made
  }
  const ours = new Discovery({ sources: { lan: { interfaces: ['lo'], port } } })
  onTestFinished(() => ours.close())
  const session = ours.join(ID, { port: 4_000 })
  await once(session, 'announced')

  const looking = theirs()
  const found = new Promise((resolve) => looking.on('peer', (id, peer) => resolve({ id, ...peer })))
  looking.lookup(ID)
  expect(await found).toEqual({ id: ID.toString('hex'), host: '127.0.0.1', port: 4_000 })

  theirs().announce(ID, 4_001, { impliedPort: false })
  for await (const { host, port: at, source } of session) {
    expect({ host, at, source }).toEqual({ host: '127.0.0.1', at: 4_001, source: 'lan' })
    break
  }
})
