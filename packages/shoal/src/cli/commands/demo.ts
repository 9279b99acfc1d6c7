/**
 * `shoal demo`: the whole story on one machine, told to somebody who has never heard of it. Every part is a process of
 * its own running our own commands, so what is shown is what people get. Needs no network but loopback.
 */

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { Child } from '../child.ts'
import { CommandError, EXIT } from '../exit.ts'
import type { CommandContext } from '../lifecycle.ts'
import { type OutputFlags, withOutputFlags } from '../options.ts'
import type { Output } from '../output.ts'
import type { Run } from '../program.ts'
import { Deadline } from '../waiting.ts'

const DHT_NODES = 8
/** Far longer than any step takes; a demo that hangs helps nobody. */
const STEP_WITHIN_MS = 15_000
const KEY = '==greeting'
const VALUE = { hello: 'from someone with only a topic' } as const

export function demoCommand(run: Run): Command {
  const command = new Command('demo').description('the whole story on this machine alone, in a few seconds')
  return withOutputFlags(command).action((flags: OutputFlags) => run(flags, runDemo))
}

async function runDemo(context: CommandContext): Promise<typeof EXIT.ok> {
  const { output } = context
  const directory = await mkdtemp(join(tmpdir(), 'shoal-demo-'))
  context.onClose(() => rm(directory, { recursive: true, force: true }))
  const topic = `demo-${randomBytes(3).toString('hex')}`
  const stage = new Stage(context, directory)
  output.line(opening(output, topic))

  stage.next('starting a DHT of its own')
  const testnet = stage.start('the DHT', ['testnet', String(DHT_NODES)])
  const bootstrap = textOf((await until(testnet, 'listening')).bootstrap)
  const meet = ['--topic', topic, '--bootstrap', bootstrap]
  stage.show(
    'dht',
    `A DHT of ${DHT_NODES} nodes is up: the place to meet. BitTorrent's has millions; this one is yours.`,
  )

  stage.next('starting two servers')
  const serve = (name: string): string[] => [
    'serve',
    ...meet,
    '--port',
    '0',
    '--bind',
    '127.0.0.1',
    '--store',
    join(directory, name),
  ]
  const a = stage.start('server A', serve('a'))
  const b = stage.start('server B', serve('b'))
  const [hereA, hereB] = await Promise.all([until(a, 'listening'), until(b, 'listening')])
  await Promise.all([until(a, 'announced'), until(b, 'announced')])
  stage.show(
    'announced',
    `Two servers are up, A on port ${hereA.port} and B on port ${hereB.port}. Each told the DHT: I serve this topic.`,
  )

  stage.next('looking the topic up')
  const isOf = (port: unknown) => (event: { readonly port?: unknown }) => event.port === port
  await Promise.race([until(a, 'peer', isOf(hereB.port)), until(b, 'peer', isOf(hereA.port))])
  stage.show('found', 'One looked the topic up in the DHT and found the other.')

  stage.next('connecting')
  await Promise.all([
    until(a, 'connected', (event) => event.peerId === hereB.peerId),
    until(b, 'connected', (event) => event.peerId === hereA.peerId),
  ])
  stage.show('connected', 'A and B are connected, once, and from now on tell each other what is written.')

  stage.next('starting a client that knows only the topic')
  const client = stage.start('the client', ['find', topic, '--bootstrap', bootstrap, '--count', '2'])
  await Promise.all(
    [hereA.port, hereB.port].map((port) =>
      until(client, 'peer', (event) => event.port === port && event.proven === true),
    ),
  )
  stage.show(
    'proved',
    'A client found both, and each proved by a signature that it is who it says. No proof, no trust.',
  )

  stage.next('writing through A')
  const only = (port: unknown): string[] => ['--topic', topic, '--no-dht', '--peer', `127.0.0.1:${port}`]
  const writer = stage.start('the writer', ['put', KEY, JSON.stringify(VALUE), ...only(hereA.port)])
  const written = await until(writer, 'result')
  if (written.confirmed !== 1) throw new CommandError('server A did not confirm the write: run the demo again')
  stage.show(
    'written through A',
    `${JSON.stringify(VALUE)} was signed, sent to A alone, stored and acknowledged there.`,
  )

  stage.next('reading from B')
  const reader = stage.start('the reader', ['get', KEY, ...only(hereB.port)])
  checkValue((await until(reader, 'result')).value, 'server B')
  stage.show('read from B', 'Another client asked B alone, and there it is: A had passed it on.')

  stage.next('killing A')
  await a.kill()
  stage.show('A killed', 'kill -9: server A is gone without a goodbye.')

  stage.next('reading again')
  const survivor = stage.start('the last client', ['get', KEY, ...meet])
  checkValue((await until(survivor, 'result')).value, 'what is left')
  stage.show(
    'still readable',
    'A new client that knows only the topic still gets it. Nobody had to reconfigure anything.',
  )

  output.progress()
  await stage.end()
  const ms = stage.elapsed
  output.event('done', { ms }, closing(output, ms))
  return EXIT.ok
}

/** The processes on stage, and the clock over it. */
class Stage {
  readonly #context: CommandContext
  readonly #directory: string
  /** BOUNDED: by the story. */
  readonly #children: Child[] = []
  readonly #clock = new Deadline(0)

  constructor(context: CommandContext, directory: string) {
    this.#context = context
    this.#directory = directory
    context.onClose(() => this.end())
  }

  get elapsed(): number {
    return this.#clock.elapsed
  }

  start(name: string, args: readonly string[]): Child {
    // Stopped in the middle of the story: no new process may come to be.
    this.#context.signal.throwIfAborted()
    const child = new Child(name, args, this.#directory)
    this.#children.push(child)
    return child
  }

  next(doing: string): void {
    this.#context.output.progress(doing)
  }

  show(name: string, sentence: string): void {
    const { output } = this.#context
    const ms = this.elapsed
    const time = output.paint('dim', `${(ms / 1_000).toFixed(2).padStart(6)} s`)
    const title = output.paint('bold', name.padEnd(17))
    output.event('step', { name, ms }, `${output.paint('green', '✓')} ${time}  ${title}  ${sentence}`)
  }

  async end(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.end()))
  }
}

function until(
  child: Child,
  name: string,
  matches: (event: Readonly<Record<string, unknown>>) => boolean = () => true,
) {
  return child.until(name, matches, STEP_WITHIN_MS)
}

function checkValue(value: unknown, whose: string): void {
  if (JSON.stringify(value) === JSON.stringify(VALUE)) return
  throw new CommandError(`${whose} gave ${JSON.stringify(value)} and not what was written: please report this`)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function opening(output: Output, topic: string): string {
  return `
Servers and clients that find each other knowing nothing but a name, the topic: here ${output.paint('cyan', topic)}.
No address is configured anywhere, there is no central server, and nothing leaves this machine.
`
}

function closing(output: Output, ms: number): string {
  return `
${output.paint('bold', `That was all, in ${(ms / 1_000).toFixed(1)} s.`)} To do the same across the world:

  ${output.paint('cyan', 'npx shoal serve --topic NAME --port 9000')}        on a machine that others can reach
  ${output.paint('cyan', `npx shoal put ==hello '"world"' --topic NAME`)}    on any other
  ${output.paint('cyan', 'npx shoal get ==hello --topic NAME')}              on any third
`
}
