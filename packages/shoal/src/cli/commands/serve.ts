/** `shoal serve`: a server peer until stopped, telling what goes on. */

import type { Topic } from '@shoal/peer'
import type { AllOptions } from '@shoal/tool-db'
import { Command, type Command as CommandType, Option } from 'commander'
import type { JoinedOptions } from '../../joined-tool-db.ts'
import { readCertificate } from '../certificate-file.ts'
import { dhtStateFileOf, peerCacheFileOf, rosterFileOf, storeDirectoryOf } from '../data-folder.ts'
import { type CommandDatabase, createDatabase, readUser } from '../database.ts'
import { EXIT, type ExitCode, usageMistake } from '../exit.ts'
import type { CommandContext, Run } from '../lifecycle.ts'
import { acceptTopicOption, type DatabaseFlags, withDatabaseFlags } from '../options.ts'
import { ServerTold } from '../server-told.ts'
import { doorOf, openDoor } from '../store-door.ts'
import { soughtBy } from '../topic-flags.ts'
import { parseChoice, parseListenPort, parsePublicHost, parseShare } from '../values.ts'

interface Flags extends DatabaseFlags {
  readonly port?: number
  readonly host?: string
  readonly mapping: boolean
  readonly acceptTopic: readonly Topic[]
  readonly durability?: AllOptions['durability']
  readonly scrub?: number
  readonly certificate?: string
}

export function serveCommand(run: Run): CommandType {
  const command = new Command('serve')
    .description('a server of a topic, until stopped: stores, answers, and is found by the others')
    .addOption(
      new Option('--port <port>', 'where it listens; 0 takes a free port').argParser(parseListenPort('--port')),
    )
    .addOption(
      new Option('--host <host>', 'the address or name that others reach it by (default: found out)').argParser(
        parsePublicHost,
      ),
    )
    .option('--certificate <file>', 'of a topic with an owner: what the owner has signed for this server')
    .option('--no-mapping', 'do not ask the router for the port (UPnP, NAT-PMP)')
    .addOption(acceptTopicOption())
    .addOption(
      new Option(
        '--durability <level>',
        'what an acknowledged record survives: memory, the death of the process (default); sync, a loss of power too',
      ).argParser(parseChoice<AllOptions['durability']>('--durability', ['memory', 'sync'])),
    )
    .addOption(
      new Option(
        '--scrub <share>',
        'of one core, what checking the signatures of stored records may take (default: 0.02; 0: none)',
      ).argParser(parseShare('--scrub')),
    )
  return withDatabaseFlags(command).action((flags: Flags) => run(flags, (context) => serve(context, flags)))
}

async function serve(context: CommandContext, flags: Flags): Promise<ExitCode> {
  const { output } = context
  const { topic } = soughtBy(flags)
  if (flags.port === undefined)
    throw usageMistake('say where to listen with --port NUMBER, or --port 0 for any free one')
  const directory = flags.store === 'memory' ? undefined : (flags.store ?? storeDirectoryOf(topic))
  const user = await readUser(context, flags)
  const certificate = flags.certificate === undefined ? undefined : await readCertificate(flags.certificate)
  const options: Partial<JoinedOptions> = {
    port: flags.port,
    mapping: flags.mapping,
    acceptTopics: flags.acceptTopic,
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(flags.durability === undefined ? {} : { durability: flags.durability }),
    ...(flags.scrub === undefined ? {} : { scrub: flags.scrub }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(directory === undefined ? { store: 'memory' } : { storageName: directory }),
  }
  const open = createDatabase(context, flags, {
    isServer: true,
    mode: 'auto',
    options,
    ...(directory === undefined
      ? {}
      : {
          dhtStateFile: dhtStateFileOf(directory),
          peerCacheFile: peerCacheFileOf(directory),
          rosterFile: rosterFileOf(directory),
        }),
  })
  const told = new ServerTold(output, open)
  await open.db.ready
  if (user !== undefined) await open.db.keysSignIn(user)
  const listening = await open.db.swarm?.listening
  const dhtPort = (listening?.ipv4 ?? listening?.ipv6)?.port ?? null
  told.listening({ host: flags.host, dhtPort, store: directory })
  // What was opened before is closed after this, so `closed` is true when it is said.
  context.onClose(async () => {
    await open.db.close()
    told.closed()
  })
  const door = directory === undefined ? undefined : doorOf(directory)
  if (door !== undefined) context.onClose(await openDoor(open.db, door))
  warnIfAlone(context, flags, open)
  await context.untilStopped()
  return EXIT.ok
}

/** A server goes on, whoever is there; but a person should know. */
function warnIfAlone({ output, onClose }: CommandContext, flags: Flags, { db, encounters }: CommandDatabase): void {
  const isFirst = !flags.dht || flags.bootstrap?.length === 0
  // Told to ask nobody, it is the first of its swarm.
  if (isFirst && flags.peer.length === 0) return
  let isAnswered = false
  db.swarm?.on('searched', (answered) => (isAnswered ||= answered))
  const timer = setTimeout(() => {
    if (isAnswered || encounters.servers > 0) return
    const who = isFirst ? 'no --peer could be reached so far' : 'no DHT node could be reached so far'
    const what = isFirst ? 'check that they are up' : 'check the network and --bootstrap'
    output.warn(`${who}: ${what}; going on trying`)
  }, flags.timeout)
  onClose(() => clearTimeout(timer))
}
