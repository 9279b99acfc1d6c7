/** A machine that has no socket left to give: the one thing that ends in an `error` event. */

import { once } from 'node:events'
import { expect, test, vi } from 'vitest'
import { discoveryChannel as DC } from '../../src/compat/discovery-channel.ts'

const failure = new Error('too many open files')

vi.mock('@shoal/dht', () => ({
  Dht: class {
    readonly listening = Promise.reject(failure)
    readonly externalAddress = { host: '45.1.2.3', port: 1 }
    announce(): Promise<never> {
      return Promise.reject(failure)
    }
    lookup(): AsyncIterable<never> & { summary: Promise<never> } {
      const summary = Promise.reject(failure)
      summary.catch(() => {})
      return { summary, [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failure) }) }
    }
    close(): Promise<void> {
      return Promise.resolve()
    }
  },
}))

test('[S-68] a socket that can not be bound is an error for whoever listens', async () => {
  const channel = DC({ dht: { bootstrap: [] } })
  const error = once(channel, 'error').catch((thrown: unknown) => [thrown])
  channel.join('a', 9_000)
  channel.join('b')
  expect(await error).toEqual([failure])
  channel.destroy()
})

test('[S-68] and a warning for whoever does not', async () => {
  const channel = DC({ dht: { bootstrap: [] } })
  const warned = vi.fn()
  channel.on('warn', warned)
  const result = await new Promise((resolve) => channel.join('a', 9_000, resolve))
  expect(result).toBe(failure)
  expect(warned.mock.calls.flat()).toEqual([failure, failure, failure])
  channel.destroy()
})

test('[S-68] our address from outside is told once', async () => {
  const channel = DC({ dht: { bootstrap: [] } })
  const told = vi.fn()
  channel.on('whoami', told)
  await new Promise((resolve) => channel.join('a', resolve))
  channel.update()
  await new Promise((resolve) => channel.join('b', resolve))
  expect(told.mock.calls).toEqual([[{ host: '45.1.2.3', port: 0 }]])
  expect(channel.me).toEqual({ host: '45.1.2.3', port: 0 })
  channel.destroy()
})
