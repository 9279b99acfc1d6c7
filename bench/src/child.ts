/**
 * A measured process of its own: forked, told what to do over IPC, answering each request once. The other end is
 * `answerRequests` below; the process that serves is never the one that makes the load.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Request {
  readonly id: number
  readonly name: string
  readonly argument: unknown
}

type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: string })

/** How long any one request may take; only keeps a run from hanging. */
const PATIENCE_MS = 120_000

export class Child {
  readonly #process: ChildProcess
  readonly #directory: string
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  #requests = 0

  /** `module` is a file beside this one, without its ending; it runs in a directory that is gone afterwards. */
  constructor(module: string, options: object) {
    this.#directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
    this.#process = fork(join(import.meta.dirname, `${module}.js`), [JSON.stringify(options)], {
      cwd: this.#directory,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#process.on('message', (message) => this.#settle(message as Answer))
    this.#process.on('exit', (code, signal) => {
      const error = new Error(`${module} ended (${code ?? signal}) before it answered`)
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
    })
  }

  request<T>(name: string, argument?: unknown): Promise<T> {
    const id = ++this.#requests
    const request: Request = { id, name, argument }
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      const late = setTimeout(() => reject(new Error(`no answer to ${name} in ${PATIENCE_MS} ms`)), PATIENCE_MS)
      late.unref()
      this.#process.send(request)
    }).finally(() => this.#waiting.delete(id)) as Promise<T>
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit')
      this.#process.kill('SIGKILL')
      await exited
    }
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    if (!waiting) return
    if ('error' in answer) waiting.reject(new Error(answer.error))
    else waiting.resolve(answer.value)
  }
}

/** Runs `use` with started children, and ends them whatever came of it. */
export async function withChildren<T>(children: readonly Child[], use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
}

/** In the child: the options it was started with. */
export function childOptions<T>(): T {
  return JSON.parse(process.argv[2] ?? '{}') as T
}

/** In the child: answers each request by name. `cpu` is always there: seconds of processor time used so far. */
export function answerRequests(handlers: Record<string, (argument: never) => unknown>): void {
  const all: Record<string, (argument: never) => unknown> = { cpu: cpuSeconds, ...handlers }
  // Without whoever asks there is nothing to stay for.
  process.on('disconnect', () => process.exit(0))
  process.on('message', async (message) => {
    const { id, name, argument } = message as Request
    try {
      const handler = all[name]
      if (!handler) throw new Error(`no request is called ${name}`)
      process.send?.({ id, value: await handler(argument as never) })
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  })
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
