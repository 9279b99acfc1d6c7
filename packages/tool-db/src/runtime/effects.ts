/** Carries out what the node asks of store, accounts and application. Each result goes back as it is; each failure as an error. */

import type { Verifier } from '@shoal/peer'
import type { AskedEffect, SignedText } from '../core/node/effects.ts'
import type { WireRecord } from '../core/records/record.ts'
import { prefixRange } from '../store/key-order.ts'
import type { CommitResult, Durability, KeyPage, Store, Version, Write } from '../store/store.ts'
import { signText, verifierOf } from '../users/adapter-keys.ts'
import type { ToolDbUserAdapter } from '../users/user-adapter.ts'
import type { Application } from './application.ts'
import type { OwnEndpoints } from './own-endpoints.ts'

export interface EffectsInit {
  readonly store: Store
  readonly durability: Durability
  /** Checks everybody's signatures. */
  readonly account: ToolDbUserAdapter
  /** By signer id. */
  signerOf(id: string): ToolDbUserAdapter | undefined
  readonly application: Application
  readonly ownEndpoints: OwnEndpoints
}

type Asked<K extends AskedEffect['kind']> = AskedEffect & { kind: K }

export class Effects {
  readonly #init: EffectsInit
  readonly #verifier: Verifier

  constructor(init: EffectsInit) {
    this.#init = init
    this.#verifier = verifierOf(init.account)
  }

  /** The result, or a promise where it is not known at once; throws or rejects where there is none. */
  run(effect: Exclude<AskedEffect, { kind: 'dial' }>): unknown {
    switch (effect.kind) {
      case 'load':
        return this.#init.store.readNow?.(effect.keys) ?? this.#init.store.readMany(effect.keys)
      case 'scan':
        return this.#scan(effect)
      case 'commit':
        return this.#commit(effect)
      case 'verify':
        return this.#verifier.verify(effect.text, effect.address, effect.signature)
      case 'verify-all':
        return this.#verifyAll(effect.signed)
      case 'sign':
        return this.#sign(effect)
      case 'pause':
        return new Promise((resolve) => setImmediate(resolve))
      case 'custom-verify':
        return this.#customVerify(effect.record, effect.previous)
      case 'call-function':
        return this.#init.application.call(effect.name, effect.args)
      case 'own-endpoint':
        return this.#init.ownEndpoints.isOwn(effect.endpoint, effect.remote)
    }
  }

  #scan(effect: Asked<'scan'>): Promise<KeyPage> {
    const { prefix, after, limit } = effect
    return this.#init.store.scan(prefixRange(prefix), { limit, ...(after !== undefined && { after }) })
  }

  #commit(effect: Asked<'commit'>): Promise<boolean> {
    const batch: Write[] = effect.writes.map(({ key, value }) =>
      value === undefined ? { kind: 'delete', key } : { kind: 'set', key, value },
    )
    const expect: ReadonlyMap<string, Version> = effect.expect
    return this.#init.store.commit(batch, expect, this.#init.durability).then(isCommitted)
  }

  /** At once where all answers are. */
  #verifyAll(signed: readonly SignedText[]): readonly boolean[] | Promise<readonly boolean[]> {
    const answers = signed.map(({ text, address, signature }) => this.#verifier.verify(text, address, signature))
    return answers.every(isBoolean) ? answers : Promise.all(answers)
  }

  #sign(effect: Asked<'sign'>): string | Promise<string> {
    const account = this.#init.signerOf(effect.signer)
    if (account === undefined) throw new Error('the account that was to sign is gone')
    const signature = signText(account, effect.text)
    return typeof signature === 'string' ? checkedSignature(signature) : signature.then(checkedSignature)
  }

  #customVerify(record: WireRecord, previous: WireRecord | undefined): Promise<boolean> {
    return this.#init.application.verify(record, previous)
  }
}

function isBoolean(answer: unknown): answer is boolean {
  return typeof answer === 'boolean'
}

function isCommitted(result: CommitResult): boolean {
  return result.kind === 'committed'
}

function checkedSignature(signature: unknown): string {
  if (typeof signature !== 'string' || signature === '') throw new Error('the user adapter gave no signature')
  return signature
}
