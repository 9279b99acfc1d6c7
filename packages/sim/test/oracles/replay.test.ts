import { expect, test } from 'vitest'
import { replayLine } from '../../src/cli/print-failure.ts'

test('[M-57] the line that runs a failed run again names everything that the run was drawn from', () => {
  const line = replayLine('churn', { seed: 7, nodes: 200, hours: 0.25 })
  expect(line).toBe('npm run sim -- churn --nodes 200 --hours 0.25 --seed 7 --check')
})
