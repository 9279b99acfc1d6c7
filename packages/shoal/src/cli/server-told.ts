/** What a server tells of itself: events for programs, calm lines for people. */

import { formatEndpoint } from '@shoal/base'
import type { Mapped } from '@shoal/discovery'
import type { PeerInfo, ScrubReport, StoreCondition, Uncertified } from '@shoal/tool-db'
import type { Reach } from '../reach.ts'
import type { CommandDatabase } from './database.ts'
import type { Output } from './output.ts'

/** Enough of a peer's id to tell it from others; the whole one is in --json. */
const SHOWN_ID_LENGTH = 10
/** Cloned peers that are named once; nobody reads more warnings than that. */
const CLONES_MAX = 100
/** Damaged records that a person is told of one by one. */
const RECORDS_NAMED_MAX = 8

interface DamagedRecord {
  readonly key: string
  readonly damage: string
}

interface Clone {
  readonly address: string
  readonly host: string
  readonly port: number
  readonly ours: boolean
}

export class ServerTold {
  readonly #output: Output
  readonly #open: CommandDatabase
  /** What happened before `listening` was said: that comes first. BOUNDED: by the moment until then. */
  #early: (() => void)[] | undefined = []
  #isAnnounced = false
  #host: string | undefined
  /** BOUNDED: CLONES_MAX. */
  readonly #clones = new Set<string>()
  #damagedRecords = 0

  constructor(output: Output, open: CommandDatabase) {
    this.#output = output
    this.#open = open
    const { db, encounters } = open
    db.on('connected', (peer: PeerInfo) => this.#inTurn(() => this.#peer('connected', peer)))
    db.on('disconnected', (peer: PeerInfo) => this.#inTurn(() => this.#peer('disconnected', peer)))
    db.on('address', () => this.#inTurn(() => this.#address()))
    db.on('cloned-identity', (clone: Clone) => this.#inTurn(() => this.#cloned(clone)))
    db.on('uncertified', ({ message }: Uncertified) => this.#inTurn(() => output.warn(message)))
    db.on('misbehaved', ({ host, port, reason }: { host: string; port: number; reason: string }) =>
      output.debug(`${formatEndpoint({ host, port })} misbehaved: ${reason}`),
    )
    db.on('store-damaged', (condition: StoreCondition) => this.#inTurn(() => this.#damaged(condition)))
    db.on('new-identity', ({ peerId }: { peerId: string }) => this.#inTurn(() => this.#newIdentity(peerId)))
    db.on('record-damaged', (found: DamagedRecord) => this.#inTurn(() => this.#recordDamaged(found)))
    db.on('scrubbing', ({ checked, total }: { checked: number; total: number }) =>
      this.#inTurn(() => output.event('store', { state: 'checking', records: checked, of: total }, undefined)),
    )
    db.on('scrubbed', (report: ScrubReport) => this.#inTurn(() => this.#scrubbed(report)))
    db.on('store-refusing', (error: Error) => this.#inTurn(() => this.#refusing(error)))
    db.on('store-writing', () =>
      this.#inTurn(() => output.event('store', { state: 'writing' }, 'the store takes writes again')),
    )
    encounters.onCandidate = ({ host, port, source }) =>
      this.#inTurn(() => output.event('peer', { host, port, source }, undefined))
    db.swarm?.on('announced', (nodes) => this.#inTurn(() => this.#announced(nodes)))
    db.swarm?.on('warning', (sentence) => output.warn(sentence))
    db.swarm?.on('reach', (reach) => this.#inTurn(() => this.#reach(reach)))
    db.swarm?.on('woken', (reason) => this.#inTurn(() => output.event('woken', { reason }, undefined)))
    db.swarm?.on('mapped', (mapped, renewed) => this.#inTurn(() => this.#mapped(mapped, renewed)))
    db.swarm?.on('outcome', (endpoint, outcome) => {
      const what = outcome.kind === 'self' ? 'it was ourselves' : outcome.kind
      const why = 'reason' in outcome ? ` (${outcome.reason})` : ''
      output.debug(`dialled ${formatEndpoint(endpoint)}: ${what}${why}`)
    })
  }

  /** The sockets are bound. Says it before anything else. */
  listening(about: {
    readonly host: string | undefined
    readonly dhtPort: number | null
    readonly store: string | undefined
  }): void {
    const { db, topic } = this.#open
    const host = about.host ?? db.address?.host ?? ''
    const port = db.address?.port ?? 0
    const peerId = db.peerAccount.getAddress() ?? ''
    const output = this.#output
    this.#host = host
    const place = output.paint('bold', formatEndpoint({ host, port }))
    output.event(
      'listening',
      { host, port, dhtPort: about.dhtPort, peerId, topic: topic.publicId },
      `${output.paint('green', '●')} serving ${output.paint('cyan', topic.publicId)} at ${place}`,
    )
    const dim = (text: string): void => output.line(output.paint('dim', `  ${text}`))
    dim(`store  ${about.store ?? 'in memory: gone when this ends'}`)
    dim(`peer   ${peerId}`)
    if (about.dhtPort !== null) dim(`DHT    UDP port ${about.dhtPort}`)
    output.progress(about.dhtPort === null ? undefined : 'making it known in the DHT')
    for (const tell of this.#early?.splice(0) ?? []) tell()
    this.#early = undefined
  }

  closed(): void {
    this.#output.event('closed', {}, `${this.#output.paint('yellow', '●')} stopped`)
  }

  #damaged({ damage, setAside, isRebuilt }: StoreCondition): void {
    const files = damage.map(({ file, what }) => `${file} ${what}`)
    const what = isRebuilt ? 'put together anew, records may be missing here' : 'what of it is good was kept'
    this.#output.event('store', { state: 'damaged', files, setAside: setAside ?? null, isRebuilt }, undefined)
    this.#output.warn(
      `the store was damaged (${files.join('; ')}): the damaged files are in ${setAside ?? 'place'}, ${what}; check the disk`,
    )
  }

  #newIdentity(peerId: string): void {
    this.#output.event('store', { state: 'new-identity', peerId }, undefined)
    this.#output.warn(
      `the peer key that was in the store is lost, so this server is ${peerId} from now on: its records are as before; a certificate has to be signed anew, and a backup of the store holds the old key`,
    )
  }

  #recordDamaged({ key, damage }: DamagedRecord): void {
    this.#output.event('store', { state: 'record-damaged', key, damage }, undefined)
    if (++this.#damagedRecords > RECORDS_NAMED_MAX) return
    this.#output.warn(
      `the stored record ${JSON.stringify(key)} is not as its author signed it (${damage}): it is kept aside, and fetched from another server that has it; check the disk`,
    )
  }

  #scrubbed({ checked, damaged, complete }: ScrubReport): void {
    this.#damagedRecords = 0
    this.#output.event('store', { state: 'checked', records: checked, damaged, complete }, undefined)
    if (!complete) {
      this.#output.warn(
        `over a thousand stored records are not as their authors signed them, so the rest was left alone: see whether this is the store of another program or user adapter, else restore it from a backup`,
      )
    } else if (damaged > 0) {
      this.#output.warn(`of ${checked} stored records ${damaged} were damaged, and are kept aside; check the disk`)
    }
  }

  #refusing(error: Error): void {
    this.#output.event('store', { state: 'refusing', reason: error.message }, undefined)
    this.#output.warn(`no record is taken until the disk takes writes again: ${error.message}`)
  }

  #inTurn(tell: () => void): void {
    if (this.#early === undefined) tell()
    else this.#early.push(tell)
  }

  #peer(event: 'connected' | 'disconnected', peer: PeerInfo): void {
    const { peerId, host, port, server, inbound, encrypted } = peer
    const output = this.#output
    const sign = event === 'connected' ? output.paint('green', '+') : output.paint('yellow', '-')
    const who = `${server ? 'server' : 'client'} ${formatEndpoint({ host, port })}`
    const id = output.paint('dim', `${peerId.slice(0, SHOWN_ID_LENGTH)}…${peer.proven ? '' : ', unproven'}`)
    output.event(event, { peerId, host, port, server, inbound, encrypted }, `${sign} ${who} ${event}  ${id}`)
  }

  #address(): void {
    const { address } = this.#open.db
    if (address === undefined || address.host === this.#host) return
    this.#host = address.host
    const place = this.#output.paint('bold', formatEndpoint(address))
    this.#output.event('address', { host: address.host, port: address.port }, `● others reach this server at ${place}`)
  }

  #reach(reach: Reach): void {
    const output = this.#output
    switch (reach.kind) {
      case 'unknown':
        return
      case 'reachable':
        // The usual case is told by `announced`; a person need not know why.
        output.event('reach', { reachable: true, by: reach.by, reason: null }, undefined)
        return
      case 'unreachable':
        output.progress()
        output.event('reach', { reachable: false, by: null, reason: reach.reason }, undefined)
        output.warn(`others can't reach this server, so it is not announced: ${reach.reason}`)
    }
  }

  #mapped({ externalHost, by, gateway }: Mapped, renewed: boolean): void {
    const port = this.#open.db.address?.port ?? 0
    const place = formatEndpoint({ host: externalHost, port })
    const line = `${this.#output.paint('green', '●')} the router at ${gateway} opened port ${port}: ${place}`
    this.#output.event('mapped', { host: externalHost, port, by, gateway, renewed }, renewed ? undefined : line)
  }

  #announced(nodes: number): void {
    // An announce that nobody took is repeated soon; it is nothing to rely on.
    if (nodes === 0) return
    const output = this.#output
    output.progress()
    const line = `${output.paint('green', '●')} announced: ${nodes} DHT ${nodes === 1 ? 'node tells' : 'nodes tell'} others where this server is`
    output.event('announced', { nodes }, this.#isAnnounced ? undefined : line)
    this.#isAnnounced = true
  }

  #cloned({ address, host, port, ours }: Clone): void {
    if (this.#clones.has(address) || this.#clones.size >= CLONES_MAX) return
    this.#clones.add(address)
    const where = formatEndpoint({ host, port })
    if (ours) {
      this.#output.warn(
        `another process runs with the same peer key as this one (seen at ${where}), as when two hosts start from one disk image: stop one of them, or give it an empty --store`,
      )
    } else
      this.#output.warn(
        `the peer ${address} runs twice with one key (seen at ${where}): one of them should get an empty store`,
      )
  }
}
