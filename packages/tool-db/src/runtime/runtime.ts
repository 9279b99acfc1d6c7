/** A database that runs: machine, store, network, accounts and discovery joined, from its start to its end. */

import { randomBytes } from 'node:crypto'
import { type Endpoint, formatEndpoint, systemClock, systemRandom, toHex } from '@shoal/base'
import { type Candidate, INSTANCE_BYTES, type Topic } from '@shoal/peer'
import type { SwarmEffect } from '../core/node/effects.ts'
import type { NodeEvent } from '../core/node/events.ts'
import { DEFAULT_LIMITS, type NodeLimits } from '../core/node/limits.ts'
import { DatabaseNode } from '../core/node/node.ts'
import type { SyncInit } from '../core/node/sync/item-index.ts'
import { CONTESTED_MAX } from '../core/records/frozen.ts'
import type { Network } from '../network/channel.ts'
import { NODE_VERIFY_ED25519 } from '../network/node-ed25519.ts'
import { NODE_NOISE } from '../network/node-noise-engine.ts'
import type { AllOptions } from '../options.ts'
import { verifierOf } from '../users/adapter-keys.ts'
import type { ToolDbUserAdapter } from '../users/user-adapter.ts'
import { loadPeerAccount, loadUserAccount } from './accounts.ts'
import type { Application } from './application.ts'
import { Dialler } from './dialler.ts'
import { Driver } from './driver.ts'
import { Effects } from './effects.ts'
import { membershipOf } from './membership.ts'
import { ownEndpoint } from './own-address.ts'
import { OwnEndpoints } from './own-endpoints.ts'
import type { StorePlace } from './place.ts'
import { SHA_256 } from './sha-256.ts'
import { SwarmLink } from './swarm-link.ts'

/** An external address may change while we run: only our own memory is looked at, nobody is asked. */
const ADDRESS_CHECK_MS = 5_000

export interface RuntimeInit {
  readonly topic: Topic
  readonly options: AllOptions
  readonly limits: NodeLimits
  /** The option `host`, where it was given. */
  readonly host: string | undefined
  readonly store: StorePlace
  readonly network: Network
  readonly peerAccount: ToolDbUserAdapter
  readonly userAccount: ToolDbUserAdapter
  readonly application: Application
  signerOf(id: string): ToolDbUserAdapter | undefined
  onEvent(event: NodeEvent): void
  onCandidate(candidate: Candidate): void
  /** The endpoint that we sign has changed. */
  onAddress(endpoint: Endpoint): void
}

export function limitsOf(given: Partial<NodeLimits>): NodeLimits {
  const limits = { ...DEFAULT_LIMITS, ...given }
  // Half of a message is for what stands around the value, or none that is large could ever be sent.
  return { ...limits, valueSizeMax: Math.min(limits.valueSizeMax, limits.messageSizeMax / 2) }
}

export class Runtime {
  readonly driver: Driver
  /** The peer key that was kept is lost: nobody knows this peer by the name that it has now. */
  readonly isNewIdentity: boolean
  /** Bound; `undefined` for a client. */
  readonly port: number | undefined
  readonly #init: RuntimeInit
  #swarm: SwarmLink | undefined
  #address: Endpoint | undefined
  #addressCheck: NodeJS.Timeout | undefined

  private constructor(init: RuntimeInit, parts: { driver: Driver; port: number | undefined; isNewIdentity: boolean }) {
    this.#init = init
    this.isNewIdentity = parts.isNewIdentity
    this.driver = parts.driver
    this.port = parts.port
  }

  /** Where others are told to reach us; `undefined` for a client. */
  get address(): Endpoint | undefined {
    return this.#address
  }

  /** Rejects with what the store or the network could not do; then all that was opened is closed again. */
  static async start(init: RuntimeInit): Promise<Runtime> {
    const { store, peerAccount, userAccount } = init
    await store.store.ready
    const isNewIdentity = await loadPeerAccount(peerAccount, store.keys)
    await loadUserAccount(userAccount, store.keys)
    let runtime: Runtime | undefined
    const { driver, ownEndpoints } = buildDriver(init, () => runtime)
    const bound = await init.network.listen(driver.onChannel)
    const port = init.options.server ? (bound ?? init.options.port) : undefined
    runtime = new Runtime(init, { driver, port, isNewIdentity })
    ownEndpoints.runtime = runtime
    runtime.#open()
    return runtime
  }

  async close(): Promise<void> {
    clearInterval(this.#addressCheck)
    await Promise.allSettled([this.#swarm?.leave(), this.driver.close()])
    await this.#init.network.close()
  }

  #open(): void {
    const { options } = this.#init
    // Before the node begins: it may have something to say to it at once.
    this.#swarm = this.#join()
    this.driver.input((node, now) => node.start(now))
    for (const { prefix, id } of this.#init.application.verifications()) {
      this.driver.input((node) => node.addVerifier(prefix, id))
    }
    for (const name of Object.keys(this.#init.application.functions))
      this.driver.input((node) => node.addFunction(name))
    if (this.port !== undefined) {
      this.#checkAddress()
      this.#addressCheck = setInterval(() => this.#checkAddress(), ADDRESS_CHECK_MS).unref()
    }
    for (const { host, port } of options.peers) {
      this.driver.input((node, now) => node.handleCandidate(now, { host, port }, 'given'))
    }
    this.#swarm?.begin()
  }

  #join(): SwarmLink | undefined {
    const { topic, options, onCandidate } = this.#init
    if (options.discovery === undefined) return undefined
    // Who is certified by nobody would only be in the way of those who look for servers.
    const isServerOfTopic = topic.kind !== 'owned' || options.certificate !== undefined
    return new SwarmLink(options.discovery, {
      topic,
      port: isServerOfTopic ? this.port : undefined,
      driver: this.driver,
      dialsMax: this.#init.limits.dialsMax,
      onCandidate,
    })
  }

  tellSwarm(effect: SwarmEffect): void {
    this.#swarm?.handle(effect)
  }

  #checkAddress(): void {
    if (this.port === undefined) return
    const { host, options } = this.#init
    const endpoint = ownEndpoint({ host, bind: options.bind, discovery: options.discovery }, this.port)
    if (this.#address !== undefined && formatEndpoint(this.#address) === formatEndpoint(endpoint)) return
    this.#address = endpoint
    this.driver.input((node, now) => node.handleOwnEndpoint(now, endpoint))
    this.#init.onAddress(endpoint)
  }
}

function encryptionOf({ encryption, requireEncryption }: AllOptions): 'off' | 'prefer' | 'require' {
  if (requireEncryption) return 'require'
  return encryption ? 'prefer' : 'off'
}

function syncOf({ options, store }: RuntimeInit): SyncInit | undefined {
  if (!store.isAtomic) return undefined
  const { syncInterval: interval, keepDeletions: horizon, scrub } = options
  return { interval, horizon, scrub }
}

function buildDriver(
  init: RuntimeInit,
  runtime: () => Runtime | undefined,
): { driver: Driver; ownEndpoints: { runtime: Runtime | undefined } } {
  const { options, limits, peerAccount } = init
  const verifier = verifierOf(peerAccount)
  const peerId = peerAccount.getAddress() ?? ''
  const node = new DatabaseNode(
    {
      peerAddress: peerId,
      instance: toHex(randomBytes(INSTANCE_BYTES)),
      topicPublicId: options.topic,
      membership: membershipOf(init.topic, { certificate: options.certificate, peerId, now: systemClock.now() }),
      acceptTopics: options.acceptTopics,
      isServer: options.server,
      encryption: init.topic.kind === 'private' ? 'require' : encryptionOf(options),
      plainPeers: init.topic.kind === 'private' ? 'refuse' : options.plainPeers,
      records: options.records,
      pow: options.pow,
      wait: options.wait,
      maxRetries: options.maxRetries,
      triggerDebounce: options.triggerDebouce,
      frozen: { claimWindowMs: options.claimWindow, contestedMax: CONTESTED_MAX },
      isAddress: (text) => verifier.isAddress(text),
    },
    {
      random: systemRandom(),
      sha256: SHA_256,
      limits,
      noise: NODE_NOISE,
      verifyEd25519: NODE_VERIFY_ED25519,
      sync: syncOf(init),
    },
  )
  const own: { runtime: Runtime | undefined } = { runtime: undefined }
  const ownEndpoints = new OwnEndpoints({
    ports: () => {
      const running = own.runtime
      const ports = [running?.port, running?.address?.port]
      return ports.filter((port) => port !== undefined)
    },
    hosts: () => [...(init.host === undefined ? [] : [init.host]), ...(options.discovery?.externalHosts() ?? [])],
  })
  const effects = new Effects({
    store: init.store.store,
    durability: options.durability,
    account: peerAccount,
    signerOf: init.signerOf,
    application: init.application,
    ownEndpoints,
  })
  const driver = new Driver({
    node,
    clock: systemClock,
    dialler: new Dialler(init.network),
    limits,
    run: (effect) => effects.run(effect),
    onEvent: init.onEvent,
    tellSwarm: (effect) => runtime()?.tellSwarm(effect),
  })
  return { driver, ownEndpoints: own }
}
