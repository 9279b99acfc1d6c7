import { expect, onTestFinished, test, vi } from 'vitest'
import { Dht } from '../src/index.ts'

// A captive portal: every name is its own address. Loopback here, so that nothing leaves the machine.
vi.mock('node:dns/promises', () => ({ lookup: async () => [{ address: '127.0.0.1', family: 4 }] }))

async function networkBy(bootstrap?: string[]): Promise<string> {
  const dht = new Dht({ families: ['ipv4'], ...(bootstrap === undefined ? {} : { bootstrap }) })
  onTestFinished(() => dht.close())
  await dht.listening
  // Nobody is asked before the names are resolved.
  await vi.waitFor(() => expect(dht.stats().sent).toBeGreaterThan(0), 5_000)
  return dht.network
}

test('[D-127] the public routers lead to Mainline, whatever a captive portal says their addresses are', async () => {
  expect(await networkBy()).toBe('mainline')
})

test('[D-84] nodes given by names that are loopback make a private network', async () => {
  expect(await networkBy(['one.example:9'])).toBe('private')
})
