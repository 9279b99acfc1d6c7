import { expect, test } from 'vitest'
import { lookupsUnder } from '../../src/measurements/lookups-under.ts'

test('[M-62] a measured lookup costs a question and an answer for each node asked, whatever else is going on', () => {
  const options = { seed: 1, nodes: 60, hours: 0.02 }
  const { perLookup, queries, success } = lookupsUnder(options, { loss: 0 }, 40) as {
    readonly perLookup: { readonly datagrams: number; readonly bytes: number }
    readonly queries: { readonly mean: number }
    readonly success: number
  }
  expect(success).toBe(1)
  expect(perLookup.datagrams).toBeGreaterThan(1.5 * queries.mean)
  expect(perLookup.datagrams).toBeLessThan(2.5 * queries.mean)
  expect(perLookup.bytes / perLookup.datagrams).toBeGreaterThan(90)
  expect(perLookup.bytes / perLookup.datagrams).toBeLessThan(1_024)
})
