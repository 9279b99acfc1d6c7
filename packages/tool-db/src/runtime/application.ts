/** What the application registered: server functions and custom verifications. Both are other people's code, with a time limit. */

import { type Millis, SECOND, UsageError } from '@shoal/base'
import type { WireRecord } from '../core/records/record.ts'

// biome-ignore lint/suspicious/noExplicitAny: arguments and results are the application's
export type ServerFunction<R = any, A = any> = (args: A) => Promise<R> | R
// biome-ignore lint/suspicious/noExplicitAny: a value is whatever its author wrote
export type CustomVerification<T = any> = (
  message: WireRecord<T>,
  previous: T | undefined,
) => Promise<boolean> | boolean

/** A lane waits for it, so it must end. */
const VERIFICATION_TIME: Millis = 10 * SECOND

export class Application {
  readonly #resultSizeMax: number
  /** BOUNDED: by the application. */
  readonly functions: Record<string, ServerFunction> = Object.create(null) as Record<string, ServerFunction>
  /** BOUNDED: by the application. */
  readonly #verifications = new Map<number, { readonly prefix: string; readonly verify: CustomVerification }>()
  #nextId = 1

  constructor(init: { readonly resultSizeMax: number }) {
    this.#resultSizeMax = init.resultSizeMax
  }

  addVerification(prefix: string, verify: CustomVerification): number {
    if (typeof verify !== 'function') throw new UsageError('a custom verification is a function')
    const id = this.#nextId++
    this.#verifications.set(id, { prefix, verify })
    return id
  }

  /** The prefix it had, or `undefined` where there is no such verification. */
  removeVerification(id: number): string | undefined {
    const prefix = this.#verifications.get(id)?.prefix
    this.#verifications.delete(id)
    return prefix
  }

  /** Each with its prefix: the node asks only about keys that have one. */
  *verifications(): Iterable<{ readonly id: number; readonly prefix: string }> {
    for (const [id, { prefix }] of this.#verifications) yield { id, prefix }
  }

  /** True where every verification that the key has accepts. */
  async verify(record: WireRecord, previous: WireRecord | undefined): Promise<boolean> {
    for (const { prefix, verify } of [...this.#verifications.values()]) {
      if (!record.k.startsWith(prefix)) continue
      // Copies: what it changes in them must not reach what is stored, sent or shown to the next one.
      const isAccepted = await withTimeLimit(
        Promise.resolve(verify(copyOf(record), copyOf(previous?.v))),
        VERIFICATION_TIME,
      )
      if (isAccepted !== true) return false
    }
    return true
  }

  async call(name: string, args: unknown): Promise<unknown> {
    const run = this.functions[name]
    if (run === undefined) throw new Error('there is no such function')
    const value: unknown = await run(args)
    const text = JSON.stringify(value) ?? 'null'
    if (Buffer.byteLength(text) > this.#resultSizeMax) throw new Error('the result is larger than a message may be')
    return value
  }
}

function copyOf<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T)
}

async function withTimeLimit(work: Promise<unknown>, limit: Millis): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limit)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
