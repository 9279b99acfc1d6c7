/** What one step of `shoal doctor` has found, and what to do about it. */

export interface Check {
  readonly name: string
  /** `null`: it could not be tried here, or there is nothing to try; `detail` says which. */
  readonly ok: boolean | null
  readonly detail: string
  /** One sentence that says what to do; only where the check failed. */
  readonly fix: string | null
}

export function passed(name: string, detail: string): Check {
  return { name, ok: true, detail, fix: null }
}

export function failed(name: string, detail: string, fix: string): Check {
  return { name, ok: false, detail, fix }
}

export function untried(name: string, detail: string): Check {
  return { name, ok: null, detail, fix: null }
}
