/**
 * Can others dial a server here? There is only one way to know: to be one for a moment, on the very port, unannounced, and to ask the
 * servers of a topic to dial back. It takes a topic whose servers are there.
 */

import { parseIp, scopeOf } from '@shoal/base'
import type { Swarm } from '@shoal/peer'
import { ToolDb } from '@shoal/tool-db'
import { JoinedSwarm } from '../../joined-swarm.ts'
import { discoveryOptionsOf } from '../database.ts'
import type { CommandContext } from '../lifecycle.ts'
import type { PeerFlags } from '../options.ts'
import { soughtBy } from '../topic-flags.ts'
import { type Deadline, TIME_IS_OVER, within } from '../waiting.ts'
import { type Check, failed, passed, untried } from './check.ts'

const NAME = 'dial back'

export interface DialBackTrial {
  readonly port: number
  /** Servers of the topic at public addresses that could be asked. */
  readonly asked: number
  readonly answer: 'reached' | 'not-reached' | undefined
  /** The router opens ports for a server that asks, which was not done here. */
  readonly mapsPorts: boolean
}

export async function checkDialBack(
  context: CommandContext,
  flags: PeerFlags & { readonly port: number },
  about: { readonly port: Promise<Check>; readonly mapping: Promise<Check>; readonly deadline: Deadline },
): Promise<Check> {
  if (flags.topic === undefined && flags.invite === undefined) {
    return untried(NAME, 'give a --topic (or an --invite) whose servers can be asked to dial this machine')
  }
  if ((await about.port).ok !== true) return untried(NAME, 'the port is taken: the server that has it tells its reach')
  const trial = await tryDialBack(context, flags, about.deadline)
  return judgeDialBack({ ...trial, port: flags.port, mapsPorts: (await about.mapping).ok === true })
}

export function judgeDialBack({ port, asked, answer, mapsPorts }: DialBackTrial): Check {
  if (answer === 'reached') return passed(NAME, `a server of the topic has dialled port ${port} from outside`)
  if (answer === 'not-reached') {
    if (mapsPorts)
      return untried(NAME, `port ${port} is shut as long as no server asks the router for it, which serve does`)
    return failed(
      NAME,
      `a server of the topic could not dial port ${port} from outside`,
      `open TCP port ${port} in the firewall of this machine and of its provider, and forward it in the router if there is one`,
    )
  }
  if (asked === 0) return untried(NAME, 'no server of the topic was there to ask, or none beyond this network')
  return untried(NAME, 'the servers of the topic were asked, and gave no answer in time')
}

async function tryDialBack(
  context: CommandContext,
  flags: PeerFlags & { readonly port: number },
  deadline: Deadline,
): Promise<Pick<DialBackTrial, 'asked' | 'answer'>> {
  const { topic, invite } = soughtBy(flags)
  const swarm = new JoinedSwarm({
    discovery: discoveryOptionsOf(flags, { mode: 'client' }),
    isServer: false,
    bind: flags.bind,
    isHostGiven: false,
    invite,
    mapping: false,
  })
  context.onClose(() => swarm.close())
  const db = new ToolDb({
    topic,
    server: true,
    port: flags.port,
    store: 'memory',
    ...(flags.bind === undefined ? {} : { bind: flags.bind }),
    discovery: unannounced(swarm),
  })
  context.onClose(() => db.close())
  let asked = 0
  db.on('connected', ({ host, inbound }: { host: string; inbound: boolean }) => {
    const ip = parseIp(host)
    if (!inbound && ip !== undefined && scopeOf(ip) === 'global') asked++
  })
  const answered = new Promise<'reached' | 'not-reached'>((resolve) => {
    db.once('dialled-back', ({ reached }: { reached: boolean }) => resolve(reached ? 'reached' : 'not-reached'))
  })
  await db.ready
  const answer = await within(deadline.left * 0.9, answered)
  await db.close()
  await swarm.close()
  return { asked, answer: answer === TIME_IS_OVER ? undefined : answer }
}

/** Nobody is to be sent to a server that is gone in a moment. */
function unannounced(swarm: JoinedSwarm): Swarm {
  return { join: (topic) => swarm.join(topic), externalHosts: () => swarm.externalHosts() }
}
