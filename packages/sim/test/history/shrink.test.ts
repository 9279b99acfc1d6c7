import { expect, test } from 'vitest'
import { HistoryFailure } from '../../src/history/check.ts'
import { drawPlan } from '../../src/history/draw-plan.ts'
import { failureJson, failureText } from '../../src/history/failure-text.ts'
import type { Plan } from '../../src/history/plan.ts'
import { ALL, chosen, shrink } from '../../src/history/shrink.ts'

const whole = drawPlan(7)
const stepsOf = ({ steps }: Plan): number[] => steps.map((step) => whole.steps.indexOf(step))

test('[H-21] a failure is shrunk to the steps that it takes, and to the hosts', () => {
  const last = whole.steps.length - 1
  const needed = [1, Math.floor(last / 2), last]
  const host = whole.servers[0]?.name
  const isFailing = (plan: Plan): boolean =>
    needed.every((step) => stepsOf(plan).includes(step)) && plan.servers.some(({ name }) => name === host)
  const choice = shrink(whole, ALL, isFailing)
  expect(choice.steps).toEqual(needed)
  const left = chosen(whole, choice)
  expect([...left.servers, ...left.clients].map(({ name }) => name)).toEqual([host])
})

test('[H-21] where everything is needed everything stays, and runs are bounded', () => {
  let runs = 0
  const isFailing = (plan: Plan): boolean => {
    runs++
    return plan.steps.length === whole.steps.length && plan.clients.length === whole.clients.length
  }
  const choice = shrink(whole, ALL, isFailing)
  expect(choice.steps).toHaveLength(whole.steps.length)
  expect(runs).toBeLessThanOrEqual(400)
})

test('[H-22] a failure tells of the check, the seed, the commit, what was drawn, the steps, and the line that runs it again', () => {
  const choice = { steps: [0, 2], without: ['client0'] }
  const plan = chosen(whole, choice)
  const failure = new HistoryFailure({ check: 'acked-writes', sentence: 'it is gone', at: 1_500 })
  const text = failureText({ kind: 'broken', whole, plan, choice, failure })
  expect(text).toMatch(/^BROKEN after 1\.500 s: acked-writes: it is gone\n {2}seed 7, commit [0-9a-f]+/)
  for (const { name, skew, durability } of plan.servers) {
    expect(text).toContain(`${name}: skew ${skew}, durability ${durability}`)
  }
  expect(text.split('\n').filter((line) => /^ +\d+\.\d{3} s {2}/.test(line))).toHaveLength(2)
  expect(text).toContain('again: npm run sim -- history --seed 7 --steps 0,2 --without client0\n')
  expect(failureJson({ kind: 'broken', whole, plan, choice, failure })).toMatchObject({
    check: 'acked-writes',
    seed: 7,
    plan,
  })
})
