/** A broken promise for people and for programs: which, by which history, and the line that shows it again. */

import { commitHere } from '../oracles/commit-here.ts'
import type { CheckedHistory } from './check-history.ts'
import { stepText } from './plan.ts'

type Broken = CheckedHistory & { readonly kind: 'broken' }

export function failureJson(broken: Broken): object {
  const { failure, plan } = broken
  const { check, at, message } = failure
  return { failed: message, check, at, seed: plan.seed, commit: commitHere(), plan, replay: replayLine(broken) }
}

export function failureText(broken: Broken): string {
  const { failure, plan, whole } = broken
  const { servers, clients, loss, slowness, isEncrypted = false, seed } = plan
  const hosts = [...servers, ...clients].map(({ name, ...rest }) => `  ${name}: ${optionsText(rest)}`)
  return [
    `BROKEN after ${(failure.at / 1_000).toFixed(3)} s: ${failure.message}`,
    `  seed ${seed}, commit ${commitHere()}, loss ${loss}, slowness ${slowness}, ${isEncrypted ? 'encrypted' : 'in clear'}`,
    ...hosts,
    `  shrunk from ${whole.steps.length} steps to ${plan.steps.length}:`,
    ...plan.steps.map((step) => `  ${stepText(step)}`),
    `  again: ${replayLine(broken)}`,
    '',
  ].join('\n')
}

function optionsText(options: object): string {
  const told = Object.entries(options).map(([name, value]) => `${name} ${value}`)
  return told.join(', ')
}

function replayLine({ whole, choice: { steps, without } }: Broken): string {
  const left = steps === undefined ? '' : ` --steps ${steps.join(',')}`
  const hosts = without.length > 0 ? ` --without ${without.join(',')}` : ''
  return `npm run sim -- history --seed ${whole.seed}${left}${hosts}`
}
