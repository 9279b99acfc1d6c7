/** One of our own commands in a process of its own, seen through its --json events. */

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { CommandError } from '../exit.ts'

const MAIN = fileURLToPath(new URL('../../../bin/shoal.js', import.meta.url))
/** A child that was asked to end gets this long before it is made to. */
const END_WITHIN_MS = 2_000
/** Enough to find the last sentence in it. */
const STDERR_MAX = 16_384

/** What the story looks at; which event has which is the commands' to say. */
export interface ChildEvent {
  readonly event: string
  readonly bootstrap?: string
  readonly port?: number
  readonly peerId?: string
  readonly proven?: boolean
  readonly confirmed?: number
  readonly value?: unknown
}

interface Waiter {
  readonly matches: (event: ChildEvent) => boolean
  readonly resolve: (event: ChildEvent) => void
  readonly reject: (error: Error) => void
}

export class Child {
  readonly #name: string
  readonly #process: ChildProcess
  /** UNBOUNDED: a demo lasts seconds, and its children say a few dozen things. */
  readonly #events: ChildEvent[] = []
  /** BOUNDED: by the steps of the demo that wait at one time. */
  readonly #waiters = new Set<Waiter>()
  readonly #exited: Promise<number | undefined>
  #stderr = ''
  #ended = false

  constructor(name: string, args: readonly string[], directory: string) {
    this.#name = name
    this.#process = spawn(process.execPath, [MAIN, ...args, '--json'], {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const { stdout, stderr } = this.#process
    if (stdout) createInterface({ input: stdout }).on('line', (line) => this.#take(line))
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_MAX)
    })
    this.#exited = new Promise((resolve) => {
      this.#process.once('error', () => resolve(undefined))
      // 'close', not 'exit': what the child still said must have been read.
      this.#process.once('close', (code) => resolve(code ?? undefined))
    })
    void this.#exited.then(() => this.#fail())
  }

  /** The first event of this name that matches, also one that came before. Rejects when the process ends first. */
  until(name: string, matches: (event: ChildEvent) => boolean, timeoutMs: number): Promise<ChildEvent> {
    const isIt = (event: ChildEvent): boolean => event.event === name && matches(event)
    const before = this.#events.find(isIt)
    if (before) return Promise.resolve(before)
    if (this.#ended) return Promise.reject(this.#endedEarly())
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter)
        reject(
          new CommandError(
            `${this.#name} did not get to "${name}" in ${timeoutMs} ms: try again on a less busy machine`,
          ),
        )
      }, timeoutMs)
      const waiter: Waiter = {
        matches: isIt,
        resolve: (event) => {
          clearTimeout(timer)
          resolve(event)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      }
      this.#waiters.add(waiter)
    })
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exited
  }

  async end(): Promise<void> {
    if (this.#ended) return
    this.#process.kill('SIGTERM')
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), END_WITHIN_MS)
    await this.#exited
    clearTimeout(timer)
  }

  #take(line: string): void {
    const event = JSON.parse(line) as ChildEvent
    this.#events.push(event)
    for (const waiter of [...this.#waiters]) {
      if (!waiter.matches(event)) continue
      this.#waiters.delete(waiter)
      waiter.resolve(event)
    }
  }

  #fail(): void {
    this.#ended = true
    for (const waiter of this.#waiters) waiter.reject(this.#endedEarly())
    this.#waiters.clear()
  }

  #endedEarly(): CommandError {
    const said = this.#stderr.trim().split('\n').at(-1) ?? ''
    return new CommandError(`${this.#name} ended early${said === '' ? '' : ` (${said})`}: run the demo again`)
  }
}
