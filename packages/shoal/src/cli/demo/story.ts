/**
 * The whole story on one machine, told to somebody who has never heard of it. Every part is a process of its own running
 * our own commands, so what is shown is what people get. It needs no network but loopback.
 */

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommandError, EXIT, type ExitCode } from '../exit.ts'
import type { CommandContext } from '../lifecycle.ts'
import type { Output } from '../output.ts'
import type { Child, ChildEvent } from './child.ts'
import { Stage } from './stage.ts'

const DHT_NODES = 8
const KEY = 'greeting'
const VALUE = { hello: 'from someone with only a topic' } as const
const VALUE_TEXT = JSON.stringify(VALUE)

interface Server {
  readonly child: Child
  readonly here: ChildEvent
}

export async function tellStory(context: CommandContext): Promise<ExitCode> {
  const { output } = context
  const directory = await mkdtemp(join(tmpdir(), 'shoal-demo-'))
  context.onClose(() => rm(directory, { recursive: true, force: true }))
  const topic = `demo-${randomBytes(3).toString('hex')}`
  const stage = new Stage(context, directory)
  output.line(opening(output, topic))

  const bootstrap = await openDht(stage)
  const meet = ['--topic', topic, '--bootstrap', bootstrap]
  const [a, b] = await startServers(stage, meet, directory)
  await watchThemMeet(stage, a, b)
  await proveToClient(stage, ['find', topic, '--bootstrap', bootstrap], [a, b])
  await writeAndRead(stage, topic, { writeTo: a, readFrom: b })
  await killAndReadAgain(stage, meet, a)

  await stage.end()
  const ms = stage.elapsed
  output.event('done', { ms }, closing(output, ms))
  return EXIT.ok
}

async function openDht(stage: Stage): Promise<string> {
  stage.next('starting a DHT')
  const testnet = stage.start('the DHT', ['testnet', String(DHT_NODES)])
  const { bootstrap = '' } = await stage.until(testnet, 'listening')
  stage.show(
    'dht',
    `A DHT of ${DHT_NODES} nodes is up: the place to meet. BitTorrent's has millions; this one is private.`,
  )
  return bootstrap
}

async function startServers(stage: Stage, meet: readonly string[], directory: string): Promise<[Server, Server]> {
  stage.next('starting two servers')
  const start = (name: string): Child => {
    const place = ['--port', '0', '--bind', '127.0.0.1', '--store', join(directory, name)]
    return stage.start(`server ${name}`, ['serve', ...meet, ...place])
  }
  const announced = async (child: Child): Promise<Server> => {
    const here = await stage.until(child, 'listening')
    await stage.until(child, 'announced')
    return { child, here }
  }
  const servers = await Promise.all([announced(start('A')), announced(start('B'))])
  const [a, b] = servers
  stage.show(
    'announced',
    `Servers A (port ${a.here.port}) and B (port ${b.here.port}) told the DHT: I serve this topic.`,
  )
  return servers
}

async function watchThemMeet(stage: Stage, a: Server, b: Server): Promise<void> {
  stage.next('looking the topic up')
  const sees = (from: Server, to: Server): Promise<ChildEvent> =>
    stage.until(from.child, 'peer', ({ port }) => port === to.here.port)
  await Promise.race([sees(a, b), sees(b, a)])
  stage.show('found', 'One looked the topic up in the DHT, and found the other.')

  stage.next('connecting')
  const meets = (from: Server, to: Server): Promise<ChildEvent> =>
    stage.until(from.child, 'connected', ({ peerId }) => peerId === to.here.peerId)
  await Promise.all([meets(a, b), meets(b, a)])
  stage.show('connected', 'A and B are connected, and pass on to each other what is written.')
}

async function proveToClient(stage: Stage, find: readonly string[], servers: readonly Server[]): Promise<void> {
  stage.next('starting a client that knows only the topic')
  const client = stage.start('the client', [...find, '--count', String(servers.length)])
  const proven = servers.map(({ here }) =>
    stage.until(client, 'peer', (event) => event.port === here.port && event.proven === true),
  )
  await Promise.all(proven)
  stage.show('proved', 'A client that knows only the topic found both; each proved by signature who it is.')
}

async function writeAndRead(
  stage: Stage,
  topic: string,
  { writeTo, readFrom }: { writeTo: Server; readFrom: Server },
): Promise<void> {
  const only = (server: Server): string[] => ['--topic', topic, '--no-dht', '--peer', `127.0.0.1:${server.here.port}`]
  stage.next('writing through A')
  const writer = stage.start('the writer', ['put', KEY, VALUE_TEXT, ...only(writeTo)])
  const { confirmed } = await stage.until(writer, 'result')
  if (confirmed === undefined || confirmed < 1)
    throw new CommandError('server A did not confirm the write: please report this')
  stage.show('written through A', `A client told of A alone signed ${VALUE_TEXT}; A checked it, stored it and said so.`)

  stage.next('reading from B')
  const reader = stage.start('the reader', ['get', KEY, ...only(readFrom)])
  checkValue(await stage.until(reader, 'result'), 'server B')
  stage.show('read from B', 'A client told of B alone asks for it, and there it is: the servers share what they store.')
}

async function killAndReadAgain(stage: Stage, meet: readonly string[], a: Server): Promise<void> {
  stage.next('killing A')
  await a.child.kill()
  stage.show('A killed', 'kill -9: A is gone without a goodbye.')

  stage.next('reading again')
  const survivor = stage.start('the last client', ['get', KEY, ...meet])
  checkValue(await stage.until(survivor, 'result'), 'what is left')
  stage.show('still readable', 'A new client with only the topic still gets it. Nobody reconfigured anything.')
}

function checkValue({ value }: ChildEvent, whose: string): void {
  if (JSON.stringify(value) === VALUE_TEXT) return
  throw new CommandError(`${whose} gave ${JSON.stringify(value)} and not what was written: please report this`)
}

function opening(output: Output, topic: string): string {
  return `
Servers and clients find each other knowing nothing but a name, the topic:
here ${output.paint('cyan', topic)}. No address is configured anywhere, no server is in charge,
and nothing leaves this machine.
`
}

function closing(output: Output, ms: number): string {
  const command = (text: string): string => output.paint('cyan', text.padEnd(44))
  return `
${output.paint('bold', `That was all, in ${(ms / 1_000).toFixed(1)} s.`)} The same across the world, on BitTorrent's DHT:

  ${command('npx shoal serve --topic NAME --port 9000')}on a machine others can reach
  ${command(`npx shoal put hello '"world"' --topic NAME`)}on any other
  ${command('npx shoal get hello --topic NAME')}on any third
`
}
