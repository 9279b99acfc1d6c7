/**
 * What carries the API: options, accounts, the running node, its events and callbacks, and the one way in which commands
 * reach it.
 */

import { format } from 'node:util'
import { ClosedError, type Endpoint } from '@shoal/base'
import { type Candidate, clientIdOf, type SignedEndpoint, type Topic } from '@shoal/peer'
import { EventEmitter } from 'eventemitter3'
import type { Command, CommandResult } from './core/node/commands.ts'
import type { NameConflict, NodeEvent } from './core/node/events.ts'
import type { PeerInfo } from './core/node/peer-info.ts'
import type { Message } from './core/wire/message.ts'
import type { NetworkAdapter } from './network/adapter-network.ts'
import { type AllOptions, checkedOptions, type GivenOptions, topicOf } from './options.ts'
import { Application } from './runtime/application.ts'
import { checkedCommand } from './runtime/checked-command.ts'
import { KeyListeners } from './runtime/key-listeners.ts'
import { NetworkFacade } from './runtime/network-facade.ts'
import { adapterHostOf, type NetworkPlace, openNetwork, openStore, type StorePlace } from './runtime/place.ts'
import { limitsOf, Runtime } from './runtime/runtime.ts'
import { SignUps } from './runtime/sign-ups.ts'
import type { StorageAdapter } from './store/storage-adapter.ts'
import type { Store } from './store/store.ts'
import { ToolDbEcdsaUser } from './users/ecdsa-user.ts'
import type { ToolDbUserAdapter, UserAdapterConstructor } from './users/user-adapter.ts'

/** Methods of tool-db's network adapters that begin with whom they are about. */
const OF_A_CLIENT: ReadonlySet<string | symbol> = new Set(['isConnected', 'isServer', 'sendToClientId'])

interface Waiting {
  resolve: (result: CommandResult) => void
  reject: (error: unknown) => void
}

const SETTLED = (): void => undefined

export class Database extends EventEmitter {
  /** `topic` of the options is its public id. */
  readonly topic: Topic
  readonly options: AllOptions
  readonly userAccount: ToolDbUserAdapter
  readonly peerAccount: ToolDbUserAdapter
  /** As tool-db's network adapter; the adapter itself where one was given. */
  readonly network: NetworkFacade & Partial<NetworkAdapter>
  /** As tool-db's storage adapter; the adapter itself where one was given. */
  readonly store: StorageAdapter
  /** The first connection to a peer, and again after all were lost. */
  onConnect: () => void = () => undefined
  /** The last connection is gone. */
  onDisconnect: () => void = () => undefined
  /** With the peer's whole address. */
  onPeerConnect: (peerId: string) => void = () => undefined
  onPeerDisconnect: (peerId: string) => void = () => undefined
  protected readonly application: Application
  protected readonly keyListeners: KeyListeners = new KeyListeners()
  /** Called once, by message id. BOUNDED: by the application. */
  protected readonly idListeners: Map<string, (message: Message) => void> = new Map()
  /** Accounts that sign besides the user's and the peer's. BOUNDED: by the names signed up here. */
  readonly #signers: Map<string, ToolDbUserAdapter> = new Map()
  protected readonly signUps: SignUps = new SignUps({
    command: (command) => this.command(command),
    signers: this.#signers,
    tell: (event, value) => this.#tell(event, value),
  })
  readonly #storePlace: StorePlace
  readonly #networkPlace: NetworkPlace
  readonly #started: Promise<Runtime>
  #isWatched = false
  #runtime: Runtime | undefined
  #closing: Promise<void> | undefined
  /** BOUNDED: by the application, each of whose calls waits. */
  readonly #waiting = new Map<number, Waiting>()
  #nextRequest = 1
  #peersConnected = 0
  #isStoreRefusing = false
  #storeFailures = 0

  /** Throws UsageError for options that can't be meant. */
  constructor(given: GivenOptions = {}) {
    super()
    this.topic = topicOf(given.topic)
    this.options = checkedOptions(given)
    const limits = limitsOf(this.options.limits)
    this.application = new Application({ resultSizeMax: limits.messageSizeMax / 2 })
    this.#storePlace = openStore(this.options, this, this.options.server || given.storageName !== undefined)
    this.store = this.#storePlace.facade
    const userAdapter = (this.options.userAdapter ?? ToolDbEcdsaUser) as UserAdapterConstructor
    this.peerAccount = new userAdapter(this)
    this.userAccount = new userAdapter(this)
    const host = adapterHostOf(this, (message, clientId) => this.#networkPlace.clientOnMessage(message, clientId))
    this.#networkPlace = openNetwork(this.options, host, limits)
    this.network = this.#networkFacade(this.#networkPlace.adapter)
    this.#started = this.#start(given.host)
    this.#started.catch((error: unknown) => {
      // A server that could not start must not go on as if nothing had happened.
      if (!this.#isWatched && this.#closing === undefined) void Promise.reject(error)
    })
    this.options.signal?.addEventListener('abort', () => void this.close(), { once: true })
    if (this.options.signal?.aborted === true) void this.close()
  }

  /** Resolves when store and network are open; rejects with why they can't be. */
  get ready(): Promise<void> {
    this.#isWatched = true
    return this.#started.then(() => undefined)
  }

  get isConnected(): boolean {
    return this.#peersConnected > 0
  }

  /** The signed endpoints of the servers that are known, our own among them. */
  get serverPeers(): SignedEndpoint[] {
    return [...(this.#runtime?.driver.node.servers() ?? [])]
  }

  /** Who is connected now. */
  get peers(): readonly PeerInfo[] {
    return this.#runtime?.driver.node.peers() ?? []
  }

  /** Where others are told to reach this server, once it is ready. */
  get address(): Endpoint | undefined {
    return this.#runtime?.address
  }

  readonly logger = (...parts: unknown[]): void => {
    if (this.options.debug) process.stderr.write(`${format(...parts)}\n`)
  }

  /** Counts of what was done and refused; those that begin with `now.` are levels. */
  stats(): Readonly<Record<string, number>> {
    return { ...this.#runtime?.driver.node.stats(), ...this.#storeStats(), ...this.#networkPlace.network.stats?.() }
  }

  /** Ends everything that was opened; the process can then exit by itself. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** The running node, for whoever asks it for something that needs no result. */
  protected get runtime(): Runtime | undefined {
    return this.#runtime
  }

  protected get recordStore(): Store {
    return this.#storePlace.store
  }

  protected get isClosing(): boolean {
    return this.#closing !== undefined
  }

  /** There is no need to wait for `begun`. */
  protected get isRunning(): boolean {
    return this.#runtime !== undefined && this.#closing === undefined
  }

  protected async begun(): Promise<Runtime> {
    this.#isWatched = true
    const runtime = await this.#started
    if (this.#closing !== undefined) throw new ClosedError('the database is closed')
    return runtime
  }

  protected whenReady(work: (runtime: Runtime) => void): void {
    if (this.#runtime !== undefined) work(this.#runtime)
    else void this.#started.then(work, () => undefined)
  }

  protected command(command: Command): Promise<CommandResult> {
    if (this.#runtime !== undefined && this.#closing === undefined) return this.#command(this.#runtime, command)
    return this.begun().then((runtime) => this.#command(runtime, command))
  }

  #command(runtime: Runtime, command: Command): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      checkedCommand(command)
      const request = this.#nextRequest++
      this.#waiting.set(request, { resolve, reject })
      runtime.driver.input((node, now) => node.handleCommand(now, request, command))
    })
  }

  async #start(host: string | undefined): Promise<Runtime> {
    const runtime = await this.#startRuntime(host).catch(async (error: unknown) => {
      // Whoever tries again, with another port for one, must find the store free.
      await Promise.allSettled([this.#networkPlace.network.close(), this.#storePlace.close()])
      throw error
    })
    this.#runtime = runtime
    this.#watchStore()
    if (runtime.isNewIdentity) this.#tell('new-identity', { peerId: this.peerAccount.getAddress() })
    this.keyListeners.start(runtime.driver)
    this.emit('init', this.userAccount.getAddress())
    return runtime
  }

  #watchStore(): void {
    const { store } = this.#storePlace
    store.onHealth?.((health) => {
      this.#isStoreRefusing = health.kind === 'refusing'
      if (health.kind === 'writing') this.#tell('store-writing')
      else {
        this.#storeFailures++
        this.logger('the store refuses writes:', health.error.message)
        this.#tell('store-refusing', health.error)
      }
    })
    if (store.condition === undefined || store.condition.damage.length === 0) return
    this.logger('the store was damaged:', store.condition)
    this.#tell('store-damaged', store.condition)
  }

  #storeStats(): Readonly<Record<string, number>> {
    const { condition } = this.#storePlace.store
    return {
      'store.peer-key-lost': this.#runtime?.isNewIdentity === true ? 1 : 0,
      'store.damaged-files': condition?.damage.length ?? 0,
      'store.cut-writes': condition?.cut ?? 0,
      'store.failures': this.#storeFailures,
      'now.store-refusing': this.#isStoreRefusing ? 1 : 0,
    }
  }

  #startRuntime(host: string | undefined): Promise<Runtime> {
    return Runtime.start({
      topic: this.topic,
      options: this.options,
      limits: limitsOf(this.options.limits),
      host,
      store: this.#storePlace,
      network: this.#networkPlace.network,
      peerAccount: this.peerAccount,
      userAccount: this.userAccount,
      application: this.application,
      signerOf: (id) => (id === 'peer' ? this.peerAccount : id === 'user' ? this.userAccount : this.#signers.get(id)),
      onEvent: (event) => this.#handleEvent(event),
      onCandidate: (candidate: Candidate) => this.emit('candidate', candidate),
      onAddress: (endpoint) => this.emit('address', endpoint),
    })
  }

  async #close(): Promise<void> {
    const runtime = await this.#started.catch(() => undefined)
    await runtime?.close()
    const closed = new ClosedError('the database is closed')
    for (const { reject } of this.#waiting.values()) reject(closed)
    this.#waiting.clear()
    await this.#storePlace.close()
  }

  #networkFacade(adapter: NetworkAdapter | undefined): NetworkFacade & Partial<NetworkAdapter> {
    const facade = new NetworkFacade({
      driver: () => this.#runtime?.driver,
      whenReady: (work) => this.whenReady(work),
      peerAddress: () => this.peerAccount.getAddress(),
    })
    if (adapter === undefined) return facade
    // The adapter itself, but for dialling: what the node dials it proves, and dials again.
    return new Proxy(adapter, {
      get: (target, name) => {
        if (name === 'connectTo') return facade.connectTo
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        if (!OF_A_CLIENT.has(name)) return value.bind(target)
        // Callbacks give a peer's whole address; the adapter knows it by the end of that.
        return (id: unknown, ...rest: unknown[]) => {
          const isForeign = typeof id === 'string' && target.clientToSend[id] === undefined
          return value.call(target, isForeign ? clientIdOf(id) : id, ...rest)
        }
      },
    }) as never
  }

  #handleEvent(event: NodeEvent): void {
    switch (event.kind) {
      case 'result':
        this.#settle(event.request, event.result)
        return
      case 'notify':
        this.#callBack(() => this.keyListeners.notify(event.listener, event.record))
        return
      case 'connected':
        this.#handleConnected(event.peer)
        return
      case 'disconnected':
        this.#handleDisconnected(event.peer)
        return
      case 'message':
        this.#handleMessage(event.message, event.clientId)
        return
      case 'verified':
        this.#tell(event.message.type === 'crdtPut' ? 'crdtput' : 'put', event.message)
        this.#tell('data', event.message.data)
        this.#tell('verified', event.message)
        return
      case 'name-conflict':
        this.#handleConflict(event.conflict)
        return
      case 'cloned-identity':
        this.#tell('cloned-identity', { address: event.address, ...event.remote, ours: event.ours })
        return
      case 'misbehaved':
        this.#tell('misbehaved', { ...event.remote, reason: event.reason })
        return
      case 'refused':
        this.#tell('refused', event.refusal)
        if (event.refusal.kind === 'put') this.signUps.handleRefusal(event.refusal)
        return
      case 'encryption-refused':
        this.#tell('encryption-refused', event.refusal)
        return
      case 'certificate-refused':
        this.#tell('certificate-refused', event.refusal)
        return
      case 'uncertified':
        this.#tell('uncertified', event.why)
        return
      case 'unsent':
        this.#tell('unsent', { key: event.key })
        return
      case 'dialled-back':
        this.#tell('dialled-back', { reached: event.reached })
        return
      case 'record-damaged':
      case 'scrubbing':
      case 'scrubbed':
        this.#tell(event.kind, event.about)
        return
      case 'servers-changed':
        this.#tell('servers', this.serverPeers)
    }
  }

  #settle(request: number, result: CommandResult): void {
    const waiting = this.#waiting.get(request)
    if (waiting === undefined) return
    this.#waiting.delete(request)
    const { resolve } = waiting
    // As in the kernel: what is no longer in use must not hold the result.
    waiting.resolve = waiting.reject = SETTLED
    resolve(result)
  }

  #handleConnected(peer: PeerInfo): void {
    const isFirst = this.#peersConnected++ === 0
    if (isFirst) this.#callBack(() => this.onConnect())
    this.#callBack(() => this.onPeerConnect(peer.peerId))
    this.#tell('connected', peer)
  }

  #handleDisconnected(peer: PeerInfo): void {
    this.#peersConnected--
    this.#callBack(() => this.onPeerDisconnect(peer.peerId))
    this.#tell('disconnected', peer)
    if (this.#peersConnected === 0) this.#callBack(() => this.onDisconnect())
  }

  #handleMessage(message: Message, clientId: string): void {
    this.#tell('message', message, clientId)
    const listener = this.idListeners.get(message.id)
    if (listener === undefined) return
    this.idListeners.delete(message.id)
    this.#callBack(() => listener(message))
  }

  /** The events of tool-db, each with tool-db's fields. */
  #handleConflict(conflict: NameConflict): void {
    this.#tell('username-conflict-resolved', conflict)
    const { username, winner, localTimestamp, remoteTimestamp, localAddress, remoteAddress } = conflict
    if (winner === 'remote' && this.userAccount.getAddress() === localAddress) {
      this.#tell('current-user-lost-username', {
        username: username.slice(2),
        timestamp: localTimestamp,
        winnerTimestamp: remoteTimestamp,
        winnerAddress: remoteAddress,
      })
    }
    this.signUps.handleConflict(conflict)
  }

  #tell(name: string, ...values: unknown[]): void {
    if (this.listenerCount(name) > 0) this.#callBack(() => this.emit(name, ...values))
  }

  /** An application's callback that throws is its own affair: the node's work goes on, the error shows as uncaught. */
  #callBack(call: () => void): void {
    try {
      call()
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}
