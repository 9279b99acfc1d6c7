/**
 * Names signed up here. A claim is stored here first; where it reaches the servers too late to be believed (somebody signed up
 * long before there was a connection) it is made anew, with the account that claimed it; and the name is watched, so that its
 * owner hears of other claims as their authors do.
 */

import type { Command, CommandResult } from '../core/node/commands.ts'
import type { NameConflict, Refusal } from '../core/node/events.ts'
import { writtenValue } from '../core/records/write.ts'
import type { ToolDbUserAdapter } from '../users/user-adapter.ts'

export interface SignUpsInit {
  command(command: Command): Promise<CommandResult>
  /** Where the node finds who signs. */
  readonly signers: Map<string, ToolDbUserAdapter>
  tell(event: string, value: unknown): void
}

interface Claim {
  readonly put: Command & { kind: 'put' }
  /** Of the record that claims it now. */
  time: number
  triesLeft: number
}

/** Refused as too old so often, the clock is wrong, and no further claim will do. */
const TRIES = 3
const TIMEOUT_MS = 10_000

export class SignUps {
  readonly #init: SignUpsInit
  /** By key. BOUNDED: by the application. */
  readonly #claims = new Map<string, Claim>()
  #nextSigner = 1

  constructor(init: SignUpsInit) {
    this.#init = init
  }

  /** `sealed` is what stands under the name: the account, sealed. */
  async claim(
    key: string,
    owner: { account: ToolDbUserAdapter; sealed: unknown },
    to: readonly string[],
  ): Promise<CommandResult> {
    const { account, sealed } = owner
    const signer = `new ${this.#nextSigner++}`
    const author = { signer, address: account.getAddress() ?? '' }
    const put = { kind: 'put', key, value: writtenValue(sealed), author, to, confirm: 0, timeout: TIMEOUT_MS } as const
    this.#init.signers.set(signer, account)
    let result: CommandResult | undefined
    try {
      result = await this.#init.command({ ...put, onlyIfFree: true })
    } finally {
      if (result?.kind !== 'put') this.#init.signers.delete(signer)
    }
    if (result.kind === 'put') {
      this.#claims.set(key, { put, time: result.message.data.t, triesLeft: TRIES })
      await this.#init.command({ kind: 'subscribe', key, to, exact: true })
    }
    return result
  }

  handleRefusal({ key, code, time }: Refusal): void {
    const claim = this.#claims.get(key)
    // Of several servers each says so: the claim that was made anew is not the one that they mean.
    if (claim === undefined || claim.time !== time) return
    if (code === 'ClaimTooOld' && claim.triesLeft > 0) {
      claim.triesLeft--
      this.#claimAnew(claim).catch(() => this.#lose(key, claim, 'the name could not be claimed again'))
    } else if (code === 'ClaimTooOld') {
      this.#lose(key, claim, 'the servers take every claim of this name as too old: check the clock, and sign up again')
    } else if (code === 'CantOverwrite') {
      this.#lose(key, claim, 'the name was claimed earlier by other users')
    }
  }

  /** After the other events of a conflict: whoever signed up here is told where the name went. */
  handleConflict(conflict: NameConflict): void {
    const { username, winner, localTimestamp, remoteTimestamp } = conflict
    const claim = this.#claims.get(username)
    if (winner !== 'remote' || claim === undefined || claim.time !== localTimestamp) return
    const since = new Date(remoteTimestamp).toISOString()
    this.#lose(username, claim, `the name was claimed earlier by another user, at ${since}`)
  }

  async #claimAnew(claim: Claim): Promise<void> {
    const { key } = claim.put
    const result = await this.#init.command({ ...claim.put, claimAnew: true })
    if (result.kind === 'put') claim.time = result.message.data.t
    else this.#lose(key, claim, 'the name could not be claimed again')
  }

  #lose(key: string, claim: Claim, error: string): void {
    this.#claims.delete(key)
    this.#init.signers.delete(claim.put.author.signer)
    this.#init.tell('signup-conflict-detected', { username: key.slice(2), localTimestamp: claim.time, error })
  }
}
