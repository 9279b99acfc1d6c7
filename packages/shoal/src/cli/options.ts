/** The flags that commands share, each defined once, and what they come to when parsed. */

import type { Endpoint } from '@shoal/base'
import type { Topic } from '@shoal/peer'
import { type Command, Option } from 'commander'
import { usageMistake } from './exit.ts'
import { isLogLevel, LOG_LEVEL_NAMES, type LogLevel } from './output.ts'
import { topicFileOption } from './topic-file.ts'
import {
  collectEndpoints,
  parseBindAddress,
  parseBootstrap,
  parseChoice,
  parseCount,
  parseListenPort,
  parseTimeout,
  parseTopic,
  shown,
} from './values.ts'

export const DEFAULT_TIMEOUT_MS = 10_000
/** No machine answers more than this; a greater figure is a slip of the finger. */
const RATE_MAX = 10_000_000

export interface OutputFlags {
  readonly json?: boolean
  readonly logLevel?: LogLevel
}

export type DhtMode = 'auto' | 'server' | 'client'
export type DhtNetwork = 'mainline' | 'private'

export interface NetworkFlags extends OutputFlags {
  readonly bootstrap?: readonly string[]
  readonly mode?: DhtMode
  readonly network?: DhtNetwork
  readonly bind?: string
  readonly dhtPort?: number
  readonly rate?: number
  readonly ratePerAddress?: number
}

/** What commands that speak to peers of a topic add. `dht` and `lan` are false under --no-dht and --no-lan. */
export interface PeerFlags extends NetworkFlags {
  readonly topic?: string
  readonly invite?: string
  readonly dht: boolean
  readonly lan: boolean
  readonly peer: readonly Endpoint[]
  readonly timeout: number
}

export interface DatabaseFlags extends PeerFlags {
  readonly store?: string
  readonly user?: string
}

export function withOutputFlags(command: Command): Command {
  return command
    .option('--json', 'print one JSON object a line, for programs')
    .addOption(
      new Option('--log-level <level>', `how much to say on stderr: ${LOG_LEVEL_NAMES} (default: warn)`).argParser(
        parseLogLevel,
      ),
    )
}

export function withNetworkFlags(command: Command): Command {
  const choice = <T extends string>(flags: string, description: string, choices: readonly T[]): Option =>
    new Option(flags, description).argParser(parseChoice(flags.split(' ')[0] as string, choices))
  return withOutputFlags(command)
    .addOption(
      new Option(
        '--bootstrap <host:port,...>',
        'DHT nodes to begin with, instead of the public ones; or none',
      ).argParser(parseBootstrap),
    )
    .addOption(
      choice('--mode <mode>', 'whether the DHT node serves others: auto, server or client', [
        'auto',
        'server',
        'client',
      ]),
    )
    .addOption(
      choice('--network <kind>', 'mainline, or private to allow loopback and private addresses', [
        'mainline',
        'private',
      ]),
    )
    .addOption(
      new Option('--bind <address>', 'bind every socket to this address (default: all)').argParser(parseBindAddress),
    )
    .addOption(
      new Option('--dht-port <port>', 'UDP port of the DHT node (default: a free one)').argParser(
        parseListenPort('--dht-port'),
      ),
    )
    .addOption(new Option('--rate <n>', 'DHT answers a second, at most').argParser(parseCount('--rate', RATE_MAX)))
    .addOption(
      new Option('--rate-per-address <n>', 'DHT answers a second to one address, at most').argParser(
        parseCount('--rate-per-address', RATE_MAX),
      ),
    )
}

export function withTimeoutFlag(command: Command): Command {
  return command.addOption(
    new Option('--timeout <ms>', 'how long to try, in milliseconds')
      .argParser(parseTimeout)
      .default(DEFAULT_TIMEOUT_MS),
  )
}

export function withPeerFlags(command: Command): Command {
  return withTimeoutFlag(withNetworkFlags(command))
    .option('--invite <text>', 'an invite (shoal:invite:…): its topic, and servers to begin with')
    .option('--no-dht', 'do not use the DHT')
    .option('--no-lan', 'do not look for peers on the local network')
    .addOption(
      new Option('--peer <host:port>', 'dial this server (may be given again and again)')
        .argParser(collectEndpoints('--peer'))
        .default([], 'nobody'),
    )
}

export function withTopicFlag(command: Command): Command {
  return command
    .option('--topic <name>', 'the name that all peers of one application share, or an invite')
    .addOption(topicFileOption())
}

export function withDatabaseFlags(command: Command): Command {
  return withPeerFlags(withTopicFlag(command))
    .addOption(new Option('--store <dir>', 'where to keep the data: a directory, or memory').argParser(parseStore))
    .addOption(
      new Option('--user <file>', 'the identity to write with (made if it is missing)').argParser(parseUserFile),
    )
}

/** Of a swarm that was renamed, or that a backup is from. */
export function acceptTopicOption(): Option {
  return new Option('--accept-topic <name>', 'take records of this earlier topic too (may be given again and again)')
    .argParser((text: string, before: readonly Topic[]) => [...before, parseAcceptedTopic(text)])
    .default([], 'none')
}

/** Of a private topic its tag does: what is compared is the public id alone, and the secret need not be typed. */
function parseAcceptedTopic(text: string): Topic {
  if (/^shoal:tag:[0-9a-f]{64}$/.test(text)) return { kind: 'plain', name: text, publicId: text }
  return parseTopic(text, '--accept-topic')
}

function parseLogLevel(text: string): LogLevel {
  if (!isLogLevel(text)) throw usageMistake(`--log-level ${shown(text)} is not known: choose one of ${LOG_LEVEL_NAMES}`)
  return text
}

function parseStore(text: string): string {
  if (text === '') throw usageMistake('--store is empty: give a directory, or memory')
  return text
}

function parseUserFile(text: string): string {
  if (text === '') throw usageMistake('--user is empty: give the name of a file')
  return text
}
