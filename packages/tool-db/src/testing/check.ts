/** The few checks the contract suites need, so that they run under any test runner, in a browser too. */

/** `test` of vitest, node:test, mocha, jest: whatever takes a name and a body that may reject. */
export type TestFunction = (name: string, body: () => Promise<void>) => unknown

/** Compares by their JSON; `undefined` inside arrays counts as null. */
export function checkEqual(actual: unknown, expected: unknown, what: string): void {
  const actualText = JSON.stringify(actual)
  const expectedText = JSON.stringify(expected)
  if (actualText === expectedText) return
  throw new Error(`${what}: expected ${excerpt(expectedText)}, got ${excerpt(actualText)}`)
}

export function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`expected: ${what}`)
}

/** The promise must reject with an error that carries this `code`. */
export async function checkRejects(promise: Promise<unknown>, code: string): Promise<void> {
  let error: unknown
  try {
    await promise
  } catch (caught) {
    error = caught
    if ((caught as { code?: unknown } | null)?.code === code) return
  }
  throw new Error(error === undefined ? `expected a rejection with ${code}` : `expected ${code}`, { cause: error })
}

function excerpt(text: string | undefined): string {
  return text === undefined || text.length <= 300 ? String(text) : `${text.slice(0, 300)}…`
}
