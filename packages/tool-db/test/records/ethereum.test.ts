import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseRecord } from '../../src/core/records/parse-record.ts'
import type { WireRecord } from '../../src/core/records/record.ts'
import { checkRecord } from '../../src/core/records/verify.ts'
import { NOW, rules } from './golden.ts'

const { cases }: { cases: readonly WireRecord[] } = JSON.parse(
  readFileSync(new URL('../../../../vectors/ethereum-user.json', import.meta.url), 'utf8'),
)
const isAddress = (text: string): boolean => /^0x[0-9a-fA-F]{40}$/.test(text)

test('[R-14] records of other kinds of keys pass all but the signature by the word of their adapter', () => {
  for (const record of cases) {
    expect(parseRecord(record)).toEqual({ ok: true, record })
    const check = checkRecord(record, { ...rules, isAddress }, NOW)
    // The bound one names no topic, key and type that could be taken: its binding is a made-up one.
    const expected = typeof record.n === 'string' ? { ok: false, code: 'InvalidBinding' } : { ok: true, bound: false }
    expect(check).toMatchObject(expected)
    expect(checkRecord(record, rules, NOW)).toEqual({ ok: false, code: 'InvalidData' })
  }
})
