/** The golden keys and messages of npm tool-db, as these tests need them. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Hash } from '@shoal/base'
import type { SignedEndpoint } from '../src/index.ts'

interface Golden {
  readonly user: { readonly pkcs8: string; readonly address: string }
  readonly peer: { readonly pkcs8: string; readonly address: string }
  readonly cases: readonly {
    readonly name: string
    readonly message: { readonly clientId: string; readonly peer: SignedEndpoint }
  }[]
}

const text = readFileSync(new URL('../../../vectors/tool-db-2.6.6.json', import.meta.url), 'utf8')
export const golden: Golden = JSON.parse(text)

export const goldenPing = golden.cases.find((one) => one.name === 'ping')?.message as Golden['cases'][number]['message']

export const sha256: Hash = (input) => new Uint8Array(createHash('sha256').update(input).digest())
