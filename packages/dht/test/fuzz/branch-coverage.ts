/** Which branches of some source files a piece of code has taken, by V8's own block counters. */

import { Session } from 'node:inspector/promises'

export interface BranchCoverage {
  readonly taken: number
  readonly all: number
  /** By file, its name's end. */
  readonly files: Readonly<Record<string, { readonly taken: number; readonly all: number }>>
}

/** Runs `run`, and counts the blocks of each file whose URL matches. */
export async function withBranchCoverage<T>(
  matches: RegExp,
  run: () => Promise<T>,
): Promise<{ result: T; coverage: BranchCoverage }> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  try {
    const result = await run()
    const { result: scripts } = await session.post('Profiler.takePreciseCoverage')
    const files: Record<string, { taken: number; all: number }> = {}
    let taken = 0
    let all = 0
    for (const { url, functions } of scripts) {
      const name = matches.exec(url)?.[0]
      if (name === undefined) continue
      const file = (files[name] ??= { taken: 0, all: 0 })
      for (const { ranges, functionName } of functions) {
        // The module's own body is no branch.
        if (functionName === '') continue
        for (const { count } of ranges) {
          file.all++
          all++
          if (count === 0) continue
          file.taken++
          taken++
        }
      }
    }
    return { result, coverage: { taken, all, files } }
  } finally {
    await session.post('Profiler.stopPreciseCoverage')
    session.disconnect()
  }
}
