/**
 * What every network must do. In one line, under any test runner:
 * `networkContract({ test, name: 'mine', open: async () => ({ server, client, endpoint }) })`
 */

import type { Endpoint } from '@shoal/base'
import type { Channel, ChannelEvents, Network } from '../network/channel.ts'
import { check, checkEqual, checkRejects, type TestFunction } from './check.ts'

export interface OpenedNetworks {
  readonly server: Network
  readonly client: Network
  /** Where the server is, once `listen` has resolved with this port. */
  readonly endpoint: (port: number | undefined) => Endpoint
}

export interface NetworkContractOptions {
  readonly test: TestFunction
  /** Goes into the names of the tests. */
  readonly name: string
  /** Two networks that can reach each other, neither of them listening yet. */
  readonly open: () => Promise<OpenedNetworks>
  /** False where everything goes as text, as in tool-db's own adapters. */
  readonly carriesBytes?: boolean
}

/** One end of a connection, with what came to it. */
class End {
  channel: Channel | undefined
  readonly messages: (string | Uint8Array)[] = []
  closedFor: string | undefined
  #wake: () => void = () => undefined

  readonly events = (channel: Channel): ChannelEvents => {
    this.channel = channel
    this.#wake()
    return {
      onMessage: (message) => {
        this.messages.push(message)
        this.#wake()
      },
      onClose: (reason) => {
        check(this.closedFor === undefined, 'onClose comes once')
        this.closedFor = reason
        this.#wake()
      },
    }
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

interface Pair {
  readonly server: Network
  readonly client: Network
  readonly serverEnd: End
  readonly clientEnd: End
  readonly endpoint: Endpoint
}

const NEVER: AbortSignal = new AbortController().signal

export function networkContract(options: NetworkContractOptions): void {
  const rule = (id: string, sentence: string, body: (pair: Pair) => Promise<void>): void => {
    options.test(`[${id}] ${options.name}: ${sentence}`, async () => {
      const { server, client, endpoint } = await options.open()
      try {
        const serverEnd = new End()
        const clientEnd = new End()
        const port = await server.listen(serverEnd.events)
        await body({ server, client, serverEnd, clientEnd, endpoint: endpoint(port) })
      } finally {
        await Promise.all([client.close(), server.close()])
      }
    })
  }
  messages(options, rule)
  endings(rule)
}

type Rule = (id: string, sentence: string, body: (pair: Pair) => Promise<void>) => void

async function connected(pair: Pair): Promise<{ readonly inbound: Channel; readonly outbound: Channel }> {
  const outbound = await pair.client.dial(pair.endpoint, pair.clientEnd.events, NEVER)
  check(outbound === pair.clientEnd.channel, 'dial resolves with the channel that was handed over')
  await pair.serverEnd.until(() => pair.serverEnd.channel !== undefined)
  return { inbound: pair.serverEnd.channel as Channel, outbound }
}

function messages(options: NetworkContractOptions, rule: Rule): void {
  rule(
    'N-1',
    'a channel is handed over on both sides before its first message, and says which way it was opened',
    async (pair) => {
      const { inbound, outbound } = await connected(pair)
      checkEqual([inbound.direction, outbound.direction], ['inbound', 'outbound'], 'the directions')
      checkEqual(outbound.remote.port, pair.endpoint.port, 'the port of the remote end')
      checkEqual([outbound.buffered, inbound.buffered], [0, 0], 'what waits in the beginning')
    },
  )
  rule('N-2', 'messages keep their borders, their order and their text, both ways', async (pair) => {
    const { inbound, outbound } = await connected(pair)
    const texts = Array.from({ length: 200 }, (_, i) => `${i} é😀 ${'x'.repeat(i * 50)}`)
    for (const text of texts) {
      check(outbound.send(text), 'the message is taken')
      check(inbound.send(text), 'the message is taken')
    }
    await pair.serverEnd.until(() => pair.serverEnd.messages.length === texts.length)
    await pair.clientEnd.until(() => pair.clientEnd.messages.length === texts.length)
    checkEqual(pair.serverEnd.messages, texts, 'from client to server')
    checkEqual(pair.clientEnd.messages, texts, 'from server to client')
  })
  if (options.carriesBytes === false) return
  rule('N-3', 'bytes arrive as bytes, text as text, empty ones too', async (pair) => {
    const { inbound, outbound } = await connected(pair)
    outbound.send('text')
    outbound.send(Uint8Array.of(0, 255, 128))
    outbound.send('')
    outbound.send(new Uint8Array(0))
    await pair.serverEnd.until(() => pair.serverEnd.messages.length === 4)
    const kinds = pair.serverEnd.messages.map((message) => (typeof message === 'string' ? 'text' : [...message]))
    checkEqual(kinds, ['text', [0, 255, 128], 'text', []], 'what arrived')
    check(inbound.buffered >= 0, 'buffered is a number')
  })
}

function endings(rule: Rule): void {
  rule('N-4', 'a closed channel is closed on both sides, once, and takes no more', async (pair) => {
    const { inbound, outbound } = await connected(pair)
    outbound.send('last')
    outbound.close(1000, 'done')
    check(!outbound.send('too late'), 'a closing channel takes nothing')
    await outbound.drained()
    await pair.serverEnd.until(() => pair.serverEnd.closedFor !== undefined)
    await pair.clientEnd.until(() => pair.clientEnd.closedFor !== undefined)
    checkEqual(pair.serverEnd.messages, ['last'], 'what was taken before arrives')
    checkEqual(pair.clientEnd.closedFor, 'done', 'the reason at home')
    check(!inbound.send('too late'), 'a closed channel takes nothing')
    outbound.close(1000, 'again')
    await inbound.drained()
  })
  rule('N-5', 'a dial that was called off rejects, before and meanwhile', async (pair) => {
    await checkRejects(pair.client.dial(pair.endpoint, pair.clientEnd.events, AbortSignal.abort()), 'SHOAL_DIAL_FAILED')
    check(pair.clientEnd.channel === undefined, 'no channel was handed over')
    const controller = new AbortController()
    const dial = pair.client.dial(pair.endpoint, pair.clientEnd.events, controller.signal)
    controller.abort()
    await checkRejects(dial, 'SHOAL_DIAL_FAILED')
    check(pair.clientEnd.channel === undefined, 'no channel was handed over')
  })
  rule('N-6', 'close ends every channel and every dial; a closed network does nothing more', async (pair) => {
    await connected(pair)
    const dial = pair.client.dial(pair.endpoint, new End().events, NEVER)
    const failed = checkRejects(dial, 'SHOAL_DIAL_FAILED')
    await Promise.all([pair.client.close(), pair.client.close(), failed])
    check(pair.clientEnd.closedFor !== undefined, 'onClose came before close resolved')
    await pair.serverEnd.until(() => pair.serverEnd.closedFor !== undefined)
    await checkRejects(pair.client.dial(pair.endpoint, pair.clientEnd.events, NEVER), 'SHOAL_CLOSED')
    await checkRejects(pair.client.listen(pair.clientEnd.events), 'SHOAL_CLOSED')
  })
}
