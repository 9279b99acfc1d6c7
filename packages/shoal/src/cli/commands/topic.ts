/** `shoal topic new|sign|revoke`: what the owner of a topic does; and a topic with a secret. */

import { type Endpoint, parseIp, systemRandom } from '@shoal/base'
import {
  CLOCK_AHEAD_MAX_MS,
  isEcdsaAddress,
  newPrivateTopic,
  ownedTopic,
  rosterPeer,
  signCertificate,
  type TopicRoster,
} from '@shoal/peer'
import { Command, type Command as CommandType, Option } from 'commander'
import { openDht, untilReachable } from '../dht-session.ts'
import { CommandError, EXIT, type ExitCode, usageMistake } from '../exit.ts'
import type { CommandContext, Run } from '../lifecycle.ts'
import { type NetworkFlags, type OutputFlags, withNetworkFlags, withOutputFlags, withTimeoutFlag } from '../options.ts'
import { openOwner, type TopicOwner } from '../owner-key-file.ts'
import { CERTIFICATE_DAYS_MAX, publishRoster, revokedUntil } from '../owner-roster.ts'
import { parseCount, parseEndpoint, shown } from '../values.ts'
import { Deadline, TIME_IS_OVER, within } from '../waiting.ts'

const DAYS = 90
const DAY_MS = 86_400_000

type NewFlags = OutputFlags & { readonly key?: string; readonly private?: boolean }
type PublishFlags = NetworkFlags & { readonly key?: string; readonly timeout: number }
type SignFlags = PublishFlags & { readonly days: number; readonly at?: Endpoint }

export function topicCommand(run: Run): CommandType {
  return new Command('topic')
    .description('topics that have an owner, who says which servers are theirs, or a secret')
    .addCommand(newCommand(run))
    .addCommand(signCommand(run))
    .addCommand(revokeCommand(run))
}

function newCommand(run: Run): CommandType {
  const command = new Command('new')
    .description('make a topic: with an owner, whose key goes into a file, or with a secret')
    .argument('[name]', 'what people know it by')
    .option('--key <file>', "the owner's key, made if the file is missing")
    .option('--private', 'a topic with a secret, known to whoever is told it; it has no name and no owner')
  return withOutputFlags(command).action((name: string | undefined, flags: NewFlags) =>
    run(flags, (context) => makeTopic(context, name, flags)),
  )
}

function signCommand(run: Run): CommandType {
  const command = new Command('sign')
    .description('certify a server: print what it is to be given with serve --certificate')
    .argument('<peerId>', 'the server’s peer id, as serve tells it', parsePeerId)
    .option('--key <file>', "the owner's key")
    .addOption(
      new Option('--days <n>', 'how long it lasts').argParser(parseCount('--days', CERTIFICATE_DAYS_MAX)).default(DAYS),
    )
    .addOption(
      new Option(
        '--at <host:port>',
        'also publish on the DHT that it is there, so that it is found by the key',
      ).argParser(parsePublished),
    )
  return withTimeoutFlag(withNetworkFlags(command)).action((peerId: string, flags: SignFlags) =>
    run(flags, (context) => signServer(context, peerId, flags)),
  )
}

function revokeCommand(run: Run): CommandType {
  const command = new Command('revoke')
    .description('take a server’s certificates back: published on the DHT, where all peers of the topic look')
    .argument('<peerId>', 'the server’s peer id', parsePeerId)
    .option('--key <file>', "the owner's key")
  return withTimeoutFlag(withNetworkFlags(command)).action((peerId: string, flags: PublishFlags) =>
    run(flags, (context) => revokeServer(context, peerId, flags)),
  )
}

async function makeTopic({ output }: CommandContext, name: string | undefined, flags: NewFlags): Promise<ExitCode> {
  if (flags.private === true) {
    if (name !== undefined || flags.key !== undefined) {
      throw usageMistake('a private topic has neither name nor key: leave them out with --private')
    }
    const topic = newPrivateTopic(systemRandom()).reveal()
    output.event('result', { topic }, topic)
    return EXIT.ok
  }
  if (name === undefined) throw usageMistake('say what the topic is called: shoal topic new NAME --key FILE')
  checkName(name)
  const { topic } = await openOwner(keyFileOf(flags), output, name)
  output.event('result', { topic: topic.publicId }, topic.publicId)
  return EXIT.ok
}

async function signServer(context: CommandContext, peerId: string, flags: SignFlags): Promise<ExitCode> {
  const { output } = context
  const owner = await openOwner(keyFileOf(flags), output)
  const from = validFrom(peerId, { owner, keyFile: keyFileOf(flags), output })
  const certificate = signCertificate({ peerId, from, until: from + flags.days * DAY_MS }, owner)
  const { at } = flags
  const published = at && (await publish(context, { flags, owner }, (roster) => withServer(roster, peerId, at)))
  output.event('result', { certificate, ...published }, JSON.stringify(certificate))
  return EXIT.ok
}

/** Now, or where it was revoked within this very second, just after that: it would be revoked as well. */
function validFrom(peerId: string, kept: Parameters<typeof revokedUntil>[1]): number {
  const now = Date.now()
  const revoked = revokedUntil(peerId, kept)
  if (revoked === undefined || revoked < now) return now
  if (revoked <= now + CLOCK_AHEAD_MAX_MS) return revoked + 1
  throw new CommandError(
    `this peer was revoked at ${new Date(revoked).toISOString()}, which is still to come, so no certificate would count: set this machine's clock, or sign after that`,
  )
}

async function revokeServer(context: CommandContext, peerId: string, flags: PublishFlags): Promise<ExitCode> {
  const { output } = context
  const owner = await openOwner(keyFileOf(flags), output)
  const { nodes, seq } = await publish(context, { flags, owner }, (roster) => withoutServer(roster, peerId, Date.now()))
  output.event(
    'result',
    { peerId, nodes, seq },
    `${output.paint('green', '●')} revoked: ${nodes} DHT ${nodes === 1 ? 'node tells' : 'nodes tell'} so, and peers of the topic drop it within a minute`,
  )
  return EXIT.ok
}

async function publish(
  context: CommandContext,
  { flags, owner }: { flags: PublishFlags; owner: TopicOwner },
  change: (roster: TopicRoster) => TopicRoster,
): Promise<{ readonly nodes: number; readonly seq: number }> {
  const { output } = context
  const deadline = new Deadline(flags.timeout)
  const dht = await openDht(context, flags, 'client')
  await untilReachable(dht, context, deadline)
  output.progress('publishing the roster')
  const result = await within(deadline.left, publishRoster({ dht, owner, keyFile: keyFileOf(flags), output }, change))
  output.progress()
  if (result !== TIME_IS_OVER) return result
  throw new CommandError(
    'no DHT node stored the roster in time: try again, with a longer --timeout or other --bootstrap nodes',
  )
}

function withServer({ servers, revocations }: TopicRoster, peerId: string, endpoint: Endpoint): TopicRoster {
  const peer = rosterPeer(peerId)
  return { servers: [...servers.filter((server) => server.peer !== peer), { peer, endpoint }], revocations }
}

function withoutServer({ servers, revocations }: TopicRoster, peerId: string, at: number): TopicRoster {
  const peer = rosterPeer(peerId)
  return {
    servers: servers.filter((server) => server.peer !== peer),
    revocations: [...revocations.filter((revocation) => revocation.peer !== peer), { peer, at }],
  }
}

function keyFileOf({ key }: { readonly key?: string }): string {
  if (key === undefined || key === '') throw usageMistake("say where the owner's key is with --key FILE")
  return key
}

/** Before a key is made for it. */
function checkName(name: string): void {
  try {
    ownedTopic(name, new Uint8Array(32))
  } catch (error) {
    throw usageMistake((error as Error).message, error)
  }
}

/** Of P-256 or of Ethereum. One that was copied in part would be revoked, and nobody concerned. */
function parsePeerId(text: string): string {
  if (isEcdsaAddress(text) || /^0x[0-9a-fA-F]{40}$/.test(text)) return text
  throw usageMistake(
    `${shown(text)} is not a peer id: give the whole one that serve prints beside "peer", with --json as peerId`,
  )
}

/** One peer id in 64 begins with a hyphen: it goes to the end, behind `--`, where it is taken for no flag. */
export function withPeerIdsLast(args: readonly string[]): readonly string[] {
  const isTakenForFlag = (text: string): boolean => text.startsWith('-') && isEcdsaAddress(text)
  if (args[0] !== 'topic' || args.includes('--') || !args.some(isTakenForFlag)) return args
  return [...args.filter((text) => !isTakenForFlag(text)), '--', ...args.filter(isTakenForFlag)]
}

/** Rosters hold addresses, so that nobody has to be asked for a name. */
function parsePublished(text: string): Endpoint {
  const endpoint = parseEndpoint('--at')(text)
  if (parseIp(endpoint.host) === undefined) {
    throw usageMistake(`--at ${shown(text)} has no IP address: write it like 192.0.2.7:9000 or [2001:db8::7]:9000`)
  }
  return endpoint
}
