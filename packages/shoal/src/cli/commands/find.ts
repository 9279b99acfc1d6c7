/** `shoal find TOPIC`: the servers of a topic, as they are found and proven. */

import { type Endpoint, formatEndpoint } from '@shoal/base'
import type { PeerInfo } from '@shoal/tool-db'
import { Command, Option } from 'commander'
import { CLIENT, createDatabase, nobodyReached, requireSomewhere } from '../database.ts'
import { EXIT, type ExitCode, usageMistake } from '../exit.ts'
import type { CommandContext, Run } from '../lifecycle.ts'
import { type PeerFlags, withPeerFlags } from '../options.ts'
import { topicFileOption } from '../topic-file.ts'
import { soughtBy } from '../topic-flags.ts'
import { parseCount } from '../values.ts'
import { Deadline } from '../waiting.ts'

const COUNT_MAX = 10_000

interface Flags extends PeerFlags {
  readonly count?: number
  readonly unproven?: boolean
}

export function findCommand(run: Run): Command {
  const command = new Command('find')
    .description('the servers of a topic, as they are found and have proven who they are')
    .argument('[topic]', 'the name that all peers of one application share, or an invite')
    .addOption(topicFileOption())
    .addOption(
      new Option('--count <n>', 'end when so many have been found (default: search until the time-out)').argParser(
        parseCount('--count', COUNT_MAX),
      ),
    )
    .option('--unproven', 'also show what did not prove itself, plain tool-db servers among them')
  return withPeerFlags(command).action((topic: string | undefined, flags: Flags) =>
    run(flags, (context) => {
      if (topic !== undefined && flags.topic !== undefined)
        throw usageMistake('give the topic once: TOPIC, or --topic-file')
      const given = { ...flags, ...(topic !== undefined && { topic }) }
      soughtBy(given, 'TOPIC')
      return find(context, given)
    }),
  )
}

async function find(context: CommandContext, flags: Flags): Promise<ExitCode> {
  const { output } = context
  requireSomewhere(flags)
  const deadline = new Deadline(flags.timeout)
  const { db, topic, encounters } = createDatabase(context, flags, CLIENT)
  /** BOUNDED: by the database's limit on sessions. */
  const found = new Set<string>()
  /** BOUNDED: by the candidate book, and the time-out. */
  const unproven = new Set<string>()
  /** By the DHT, or by a server, though it did not prove itself. */
  let isAnswered = false

  const show = (endpoint: Endpoint, proven: boolean): void => {
    const { host, port } = endpoint
    const source = encounters.sourceOf(endpoint)
    const ms = deadline.elapsed
    const mark = proven ? output.paint('green', '✓') : output.paint('yellow', '?')
    const detail = output.paint('dim', `${proven ? 'proven' : 'not proven'}, by ${source}, after ${ms} ms`)
    output.event('peer', { host, port, source, ms, proven }, `${mark} ${formatEndpoint(endpoint)}  ${detail}`)
  }
  const showUnproven = (endpoint: Endpoint): void => {
    const key = formatEndpoint(endpoint)
    if (flags.unproven !== true || unproven.has(key)) return
    unproven.add(key)
    show(endpoint, false)
  }
  db.on('connected', (peer: PeerInfo) => {
    if (!peer.server) return
    isAnswered = true
    if (found.has(peer.peerId)) return
    if (!peer.proven) return showUnproven(peer)
    if (flags.count !== undefined && found.size >= flags.count) return
    found.add(peer.peerId)
    show(peer, true)
  })
  db.swarm?.on('outcome', (endpoint, { kind }) => {
    if (kind === 'failed' || kind === 'refused') showUnproven(endpoint)
  })
  db.swarm?.on('searched', (answered) => (isAnswered ||= answered))

  await db.ready
  output.progress(`looking for servers of ${topic.publicId}`)
  await encounters.until(() => found.size >= (flags.count ?? Number.POSITIVE_INFINITY), deadline.left)
  output.progress()
  // The time is over: what has not proven itself by now did not.
  if (found.size < (flags.count ?? Number.POSITIVE_INFINITY)) encounters.undecided.forEach(showUnproven)
  if (unproven.size === 0 && !isAnswered) throw nobodyReached(topic)
  const ms = deadline.elapsed
  output.event('done', { found: found.size, ms }, `${found.size === 0 ? 'nobody' : found.size} found in ${ms} ms`)
  return found.size >= (flags.count ?? 1) ? EXIT.ok : EXIT.notFound
}
