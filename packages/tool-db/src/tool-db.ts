/** The database as applications use it: tool-db's API, and what we add. All work is done by the node behind it. */

import { type Millis, UsageError } from '@shoal/base'
import { requireTopic } from '@shoal/peer'
import { type ImportOutcome, importRecords } from './backup/import.ts'
import { exportOf, importThrough } from './backup/of-database.ts'
import type { AnyValue, FunctionReturn } from './compat/api-types.ts'
import { sha256 } from './compat/hashes.ts'
import type { BaseCrdt } from './core/crdt/base-crdt.ts'
import type { CommandResult } from './core/node/commands.ts'
import { PREFIX_ITEMS_MAX } from './core/node/sync/prefix-set.ts'
import { keyProblem, privateKeyOf, writableKey } from './core/records/key.ts'
import type { WireRecord } from './core/records/record.ts'
import { DELETED, writtenValue } from './core/records/write.ts'
import type { CrdtPutMessage, Message, PutMessage } from './core/wire/message.ts'
import { Database } from './database.ts'
import { NameTakenError, NoSuchUserError, NotConfirmedError, PrefixTooLargeError, ReadError } from './errors.ts'
import type { GetOutcome, SyncOutcome } from './outcomes.ts'
import {
  CONFIRM_TIMEOUT_MS,
  NO_OPTIONS,
  NOBODY,
  type PutOptions,
  type PutOutcome,
  type PutWish,
  putOutcome,
  wishOf,
} from './put-outcome.ts'
import type { CustomVerification, ServerFunction } from './runtime/application.ts'
import { checkArguments, checkFunction, checkFunctionName, checkText } from './runtime/checked-command.ts'
import { Documents } from './runtime/documents.ts'
import { Turns } from './runtime/turns.ts'
import { verifyRecord } from './runtime/verify-record.ts'
import { ToolDbEcdsaUser } from './users/ecdsa-user.ts'
import type { ToolDbUserAdapter, UserAdapterConstructor } from './users/user-adapter.ts'

const GET_TIMEOUT_MS = 1_000
const SYNC_TIMEOUT_MS = 30_000
const SIGN_IN_TIMEOUT_MS = 2_000
const FUNCTION_TIMEOUT_MS = 10_000

export class ToolDb extends Database {
  readonly #turns = new Turns()
  readonly #documents = new Documents((command) => this.command(command))

  get functions(): Readonly<Record<string, ServerFunction>> {
    return this.application.functions
  }

  getUserNamespacedKey(key: string): string {
    return privateKeyOf(this.userAccount.getAddress() ?? '', key)
  }

  // Data

  /**
   * Resolves when the record is stored here; rejects with PutRefusedError where it is not, TOO_BUSY where as much as
   * `outboxRecordsMax` and `outboxSizeMax` allow still waits for a server.
   */
  putData<T = AnyValue>(
    key: string,
    value: T,
    userNamespaced = false,
    options: readonly string[] | PutOptions = NO_OPTIONS,
  ): Promise<PutMessage<T>> {
    const to = Array.isArray(options) ? (options as readonly string[]) : NOBODY
    const given = Array.isArray(options) ? NO_OPTIONS : ((options ?? NO_OPTIONS) as PutOptions)
    return this.#putUnder(key, userNamespaced, wishOf(value, given, to))
  }

  /**
   * From now on the key reads as null, and queries leave it out, on every server that hears of it; a later put brings it
   * back. Resolves and rejects as `putData` does; what is not there can be deleted too, since others may have it.
   */
  deleteData(
    key: string,
    userNamespaced = false,
    options: Pick<PutOptions, 'confirm' | 'timeoutMs'> = NO_OPTIONS,
  ): Promise<PutMessage<null>> {
    const wish = wishOf(null, options ?? NO_OPTIONS, NOBODY)
    return this.#putUnder(key, userNamespaced, { ...wish, ttl: undefined, isDeletion: true })
  }

  /** Under a key as it is on the wire; resolves when all connected servers have answered, or time is over. */
  async putDetailed<T = unknown>(
    key: string,
    value: T,
    options: { readonly confirm?: number | 'all'; readonly timeoutMs?: Millis; readonly ttl?: Millis } = {},
  ): Promise<PutOutcome<T>> {
    checkText(key, 'the key')
    const problem = keyProblem(key)
    if (problem !== undefined) throw new UsageError(`the key ${problem}`)
    const { confirm = 'all', timeoutMs: timeout = CONFIRM_TIMEOUT_MS, ttl } = options
    return this.#put({ confirm, timeout, to: NOBODY, value, ttl, isDeletion: false }, () => key)
  }

  /** The value here, else the first that a server gives; null where none has it or time is over. */
  async getData<T = AnyValue>(
    key: string,
    userNamespaced = false,
    timeoutMs: Millis = GET_TIMEOUT_MS,
    to: readonly string[] = [],
  ): Promise<T | null> {
    const outcome = await this.#get<T>(this.#readKey(key, userNamespaced), timeoutMs, to)
    return outcome.record === undefined ? null : (outcome.record.v ?? null)
  }

  /**
   * Stores the document's changes of the user's own, those that are new, as a signed set; others' come from others. Rejects
   * as `putData` does. The message is that of the last set.
   */
  // biome-ignore lint/suspicious/noExplicitAny: as in tool-db's documentation
  async putCrdt<T = any>(
    key: string,
    // biome-ignore lint/suspicious/noExplicitAny: as in tool-db's documentation
    crdt: BaseCrdt<T, any, any>,
    userNamespaced = false,
    options: readonly string[] | Omit<PutOptions, 'ttl'> = {},
  ): Promise<CrdtPutMessage> {
    const to = Array.isArray(options) ? (options as readonly string[]) : []
    const { confirm = 0, timeoutMs = CONFIRM_TIMEOUT_MS } = Array.isArray(options) ? {} : (options as PutOptions)
    writableKey(key, undefined)
    await this.begun()
    const outcome = await this.#turns.together(async () => {
      const address = this.userAccount.getAddress()
      if (!address) throw new UsageError('You need to log in before you can PUT.')
      const wireKey = writableKey(key, userNamespaced ? address : undefined)
      const author = { signer: 'user', address }
      const result = await this.#documents.put(wireKey, crdt, { author, to, confirm, timeout: timeoutMs })
      return putOutcome(result, wireKey)
    })
    if (outcome.confirmed < confirm) throw new NotConfirmedError(confirm, outcome)
    return outcome.message as unknown as CrdtPutMessage
  }

  /**
   * Merges into the document what is here and what the connected servers have, and gives it back. What is slower than the
   * time-out is stored for the next call.
   */
  // biome-ignore lint/suspicious/noExplicitAny: as in tool-db's documentation
  async getCrdt<T = any, C extends BaseCrdt<T, any, any> = BaseCrdt<T, any, any>>(
    key: string,
    crdt: C,
    userNamespaced = false,
    timeoutMs: Millis = GET_TIMEOUT_MS,
    to: readonly string[] = [],
  ): Promise<C> {
    const wireKey = this.#readKey(key, userNamespaced)
    const result = await this.#documents.get(wireKey, crdt, { to, timeout: timeoutMs })
    if (result.kind === 'refused') throw new ReadError(wireKey, { cause: result.error })
    return crdt
  }

  /** The whole record of a key as it is on the wire, and whether the answer is final. */
  async getRecord<T = unknown>(key: string, options: { readonly timeoutMs?: Millis } = {}): Promise<GetOutcome<T>> {
    const { record, complete } = await this.#get<T>(key, options.timeoutMs ?? GET_TIMEOUT_MS, [])
    // What was deleted is not there; that it was is a record of its own.
    if (record === undefined || record.c === DELETED) return { record: undefined, complete }
    return { record: { value: record.v, author: record.a, time: record.t }, complete }
  }

  /** The keys that begin with a text, here and on all connected servers, sorted. Rejects with ReadError where they can't be read here. */
  async queryKeys(
    key: string,
    userNamespaced = false,
    timeoutMs: Millis = GET_TIMEOUT_MS,
    to: readonly string[] = [],
  ): Promise<string[]> {
    const prefix = this.#readKey(key, userNamespaced)
    const result = await this.command({ kind: 'query', prefix, to, timeout: timeoutMs })
    if (result.kind === 'refused') throw readError(prefix, result)
    return result.kind === 'query' ? [...result.keys] : []
  }

  /**
   * Of a client: brings everything here that begins with a text, deletions and documents too, as its servers have it; what is here already is
   * not sent again. Key listeners hear of what is new. Waits for a server where none is connected. Rejects with PrefixTooLargeError where that
   * is more than 10,000 records, UsageError on a server, which does that by itself, and ReadError where the store failed.
   */
  async syncPrefix(key: string, userNamespaced = false, timeoutMs: Millis = SYNC_TIMEOUT_MS): Promise<SyncOutcome> {
    const prefix = this.#readKey(key, userNamespaced)
    if (this.options.server)
      throw new UsageError('a server has everything that the others have by itself: leave out syncPrefix')
    if (this.options.storageAdapter !== undefined)
      throw new UsageError('syncPrefix needs a store of ours: leave out storageAdapter')
    const result = await this.command({ kind: 'sync-prefix', prefix, timeout: timeoutMs })
    if (result.kind === 'refused' && result.code === 'TOO_LARGE') throw new PrefixTooLargeError(key, PREFIX_ITEMS_MAX)
    if (result.kind !== 'sync-prefix') {
      throw new ReadError(prefix, result.kind === 'refused' ? { cause: result.error } : {})
    }
    const { stored, servers, complete } = result
    return { stored, servers, complete }
  }

  /**
   * Key listeners hear of changes on the servers from now on; of the value that there is at once. A server that refuses is
   * told of by the event `refused`.
   */
  subscribeData(key: string, userNamespaced = false, to: readonly string[] = []): Promise<void> {
    const done = this.#subscribe(key, userNamespaced, to)
    // tool-db's programs never wait for it: with nobody listening, a database that closes must not end the process.
    done.catch(() => undefined)
    return done
  }

  /** For all keys that begin with `key`; the number is for `removeKeyListener`. */
  addKeyListener = <T = AnyValue>(key: string, fn: (message: WireRecord<T>) => void): number => {
    checkText(key, 'the key')
    checkFunction(fn, 'a key listener')
    return this.keyListeners.add(key, fn as (record: WireRecord) => void)
  }

  removeKeyListener = (id: number): void => this.keyListeners.remove(id)

  triggerKeyListener = <T = AnyValue>(key: string, message: WireRecord<T>): void => {
    this.whenReady((runtime) => runtime.driver.input((node, now) => node.triggerListeners(now, key, message)))
  }

  /** Called once, with the next message that has this id. */
  addIdListener = (id: string, fn: (message: Message) => void): void => {
    this.idListeners.set(id, fn)
  }

  removeIdListener = (id: string): void => {
    this.idListeners.delete(id)
  }

  /** Every verification whose prefix a key has must accept its records; the number is for `removeCustomVerification`. */
  addCustomVerification = <T = AnyValue>(key: string, fn: CustomVerification<T>): number => {
    checkText(key, 'the key')
    const id = this.application.addVerification(key, fn as CustomVerification)
    this.runtime?.driver.input((node) => node.addVerifier(key, id))
    return id
  }

  removeCustomVerification = (id: number): void => {
    const prefix = this.application.removeVerification(id)
    if (prefix !== undefined) this.runtime?.driver.input((node) => node.removeVerifier(prefix, id))
  }

  addServerFunction<R = AnyValue, A = AnyValue>(functionName: string, fn: ServerFunction<R, A>): void {
    checkFunctionName(functionName)
    checkFunction(fn, 'a server function')
    this.application.functions[functionName] = fn
    this.runtime?.driver.input((node) => node.addFunction(functionName))
  }

  /** Asks every connected server; the first that has the function answers. Rejects with UsageError where no message can hold the arguments. */
  async doFunction<R = AnyValue, A = AnyValue>(
    functionName: string,
    args: A,
    timeoutMs: Millis = FUNCTION_TIMEOUT_MS,
  ): Promise<FunctionReturn<R>> {
    const { text, value } = writtenValue(args)
    checkArguments(text, this.options.limits)
    const result = await this.command({ kind: 'function', name: functionName, args: value, timeout: timeoutMs })
    if (result.kind !== 'function') return { code: 'ERR', return: 'Refused' }
    return { code: result.code, return: result.value } as FunctionReturn<R>
  }

  /** tool-db's check of a record: everything but custom verification. The word is tool-db's. */
  verifyMessage(message: Partial<WireRecord>, pow: number | null = this.options.pow): Promise<string> {
    return verifyRecord(message, { options: { ...this.options, pow }, account: this.userAccount })
  }

  /** The same with custom verification. */
  async verify(message: WireRecord): Promise<string> {
    const verdict = await this.verifyMessage(message)
    if (verdict !== 'Verified') return verdict
    const held = this.store.get(message.k).then((text) => JSON.parse(text) as WireRecord)
    const previous = await held.catch(() => undefined)
    const isAccepted = await this.application.verify(message, previous).catch(() => false)
    return isAccepted ? verdict : 'CustomVerificationFailed'
  }

  // Backup

  /** Everything that is stored here, as text in chunks of whole lines, each record with its signature. */
  exportRecords(): AsyncIterable<string> {
    return exportOf(this.begun(), () => this.recordStore, {
      topic: requireTopic(this.options.topic).publicId,
      now: Date.now(),
    })
  }

  /**
   * Takes in what `exportRecords` gave, verified record by record, and says what became of them. Nobody is told at once: servers
   * hear of it when they compare what they have. Rejects with ImportError for what is no export, and with what the store says.
   */
  async importRecords(chunks: AsyncIterable<Uint8Array | string>): Promise<ImportOutcome> {
    await this.begun()
    return importRecords(chunks, (record) => importThrough((command) => this.command(command), record))
  }

  // Users

  async anonSignIn(): Promise<void> {
    await this.begun()
    await this.#turns.alone(() => this.userAccount.anonUser())
  }

  /** With a private key as the user adapter exports it. */
  async keysSignIn(privateKey: string, username?: string): Promise<unknown> {
    await this.begun()
    return this.#turns.alone(async () => {
      const account = await this.userAccount.getAccountFromPrivate(privateKey)
      await this.userAccount.setUser(account, username ?? '')
      return account
    })
  }

  /** Rejects with NoSuchUserError, or with what the user adapter says of the password. */
  async signIn(user: string, password: string, to: readonly string[] = []): Promise<unknown> {
    checkText(user, 'the user name')
    checkText(password, 'the password')
    const sealed = await this.getData<unknown>(`==${user}`, false, SIGN_IN_TIMEOUT_MS, to)
    if (sealed === null) throw new NoSuchUserError(user)
    return this.#turns.alone(async () => {
      const account = await this.userAccount.decryptAccount(sealed, sha256(password))
      await this.userAccount.setUser(account, user)
      return sealed
    })
  }

  /** Local first: rejects with NameTakenError where the name is known here; a conflict elsewhere is told by events. */
  async signUp(user: string, password: string, to: readonly string[] = []): Promise<PutMessage> {
    await this.begun()
    checkText(user, 'the user name')
    checkText(password, 'the password')
    const key = writableKey(`==${user}`, undefined)
    const account = this.#newAccount()
    // Adapters make their keys on their own time; sealing waits for them.
    const sealed = await account.encryptAccount(sha256(password))
    const result = await this.signUps.claim(key, { account, sealed }, to)
    if (result.kind === 'refused' && result.code === 'NAME_TAKEN') throw new NameTakenError(user)
    const { message } = putOutcome(result, key)
    return message
  }

  async #subscribe(key: string, userNamespaced: boolean, to: readonly string[]): Promise<void> {
    const result = await this.command({ kind: 'subscribe', key: this.#readKey(key, userNamespaced), to })
    if (result.kind === 'refused') throw new UsageError('there are too many subscriptions')
  }

  async #putUnder<T>(key: string, userNamespaced: boolean, wish: PutWish<T, number>): Promise<PutMessage<T>> {
    // Says at once what is wrong with a key; the owner is known once nobody is signing in any more.
    writableKey(key, undefined)
    const outcome = await this.#put(wish, (owner) => (userNamespaced ? writableKey(key, owner) : key))
    if (outcome.confirmed < wish.confirm) throw new NotConfirmedError(wish.confirm, outcome)
    return outcome.message
  }

  async #put<T>(wish: PutWish<T, number | 'all'>, keyFor: (owner: string) => string): Promise<PutOutcome<T>> {
    const value = writtenValue(wish.value)
    if (!this.isRunning) await this.begun()
    const { to, confirm, timeout, ttl, isDeletion } = wish
    return this.#turns.together(async () => {
      const address = this.userAccount.getAddress()
      if (!address) throw new UsageError('You need to log in before you can PUT.')
      const key = keyFor(address)
      const author = { signer: 'user', address }
      const result = await this.command({ kind: 'put', key, value, author, to, confirm, timeout, ttl, isDeletion })
      return putOutcome(result, key) as PutOutcome<T>
    })
  }

  async #get<T>(
    key: string,
    timeout: Millis,
    to: readonly string[],
  ): Promise<{ record: WireRecord<T> | undefined; complete: boolean }> {
    const result = await this.command({ kind: 'get', key, timeout, to })
    if (result.kind === 'refused') throw readError(key, result)
    if (result.kind !== 'get') return { record: undefined, complete: false }
    if (result.record !== undefined) this.emit('data', result.record)
    return { record: result.record as WireRecord<T> | undefined, complete: result.complete }
  }

  #readKey(key: string, userNamespaced: boolean): string {
    if (typeof key !== 'string') throw new UsageError('the key must be a text')
    if (!userNamespaced) return key
    if (this.userAccount.getAddress() === undefined) throw new UsageError('You are not authorized yet!')
    return this.getUserNamespacedKey(key)
  }

  #newAccount(): ToolDbUserAdapter {
    return new ((this.options.userAdapter ?? ToolDbEcdsaUser) as UserAdapterConstructor)(this)
  }
}

function readError(key: string, { code, error }: CommandResult & { kind: 'refused' }): ReadError {
  return new ReadError(key, { cause: error, isBusy: code === 'TOO_BUSY' })
}
