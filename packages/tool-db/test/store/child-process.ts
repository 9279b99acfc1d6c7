/** Processes that tests start, talk to line by line, and end. */

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach } from 'vitest'

export const STORE_PROCESS: string = fileURLToPath(new URL('store-process.mjs', import.meta.url))
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

export interface Child {
  readonly process: ChildProcess
  /** Grows as whole lines come. */
  readonly lines: string[]
  until(condition: () => boolean): Promise<void>
  readonly ended: Promise<void>
}

export function child(command: string, parameters: readonly string[]): Child {
  const started = spawn(command, parameters, { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(started)
  const lines: string[] = []
  let rest = ''
  let wake = (): void => undefined
  let isOver = false
  started.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() as string
    lines.push(...parts)
    wake()
  })
  const ended = new Promise<void>((resolve) => {
    started.once('close', () => {
      isOver = true
      resolve()
      wake()
    })
  })
  return {
    process: started,
    lines,
    ended,
    until: async (condition) => {
      while (!condition()) {
        if (isOver) throw new Error(`the process ended after: ${lines.slice(-3).join(', ')}`)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

export function storeProcess(...parameters: readonly string[]): Child {
  return child(process.execPath, [STORE_PROCESS, ...parameters])
}
