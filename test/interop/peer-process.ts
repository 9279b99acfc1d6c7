/**
 * A program as a child process that speaks JSON lines: the peers of this folder, which also take commands, and the
 * `shoal` command with --json. Each runs in a directory of its own, so that what a program writes beside itself stays there.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { onTestFinished } from 'vitest'

export type Line = { readonly event: string; readonly [field: string]: unknown }

/** Only keeps a run from hanging; nothing is decided by it. */
const PATIENCE_MS = 20_000
/** The same for what another program does in its own time: transmission waits for half a minute. */
const SETTLING_PATIENCE_MS = 90_000

interface Waiter {
  matches(line: Line): boolean
  resolve(line: Line): void
}

export class PeerProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #directory: string
  readonly #lines: Line[] = []
  readonly #waiters = new Set<Waiter>()
  readonly #exit: Promise<number | string>
  #stderr = ''
  #calls = 0
  readonly #name: string

  /** Starts `node file ...args`; what stands in `inside` goes before it (`ip netns exec NAME`). */
  constructor(
    name: string,
    file: string,
    { args, inside = [] }: { args: readonly string[]; inside?: readonly string[] },
  ) {
    this.#name = name
    this.#directory = mkdtempSync(join(tmpdir(), 'shoal-interop-'))
    const [command, ...rest] = [...inside, process.execPath, file, ...args] as [string, ...string[]]
    this.#child = spawn(command, rest, { cwd: this.#directory, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stdin.on('error', () => {})
    this.#child.stderr.on('data', (chunk) => {
      this.#stderr = (this.#stderr + String(chunk)).slice(-4_000)
    })
    createInterface({ input: this.#child.stdout }).on('line', (text) => this.#take(text))
    this.#exit = once(this.#child, 'exit').then(([code, signal]) => code ?? signal)
  }

  get pid(): number {
    return this.#child.pid as number
  }

  get stderr(): string {
    return this.#stderr
  }

  get lines(): readonly Line[] {
    return this.#lines
  }

  /** The exit code, or the signal's name. */
  get exit(): Promise<number | string> {
    return this.#exit
  }

  /** The first line of this event (`*` for any), past or future, that has these fields. */
  async event(event: string, fields: Record<string, unknown> = {}, matches = (_: Line) => true): Promise<Line> {
    const wanted = (line: Line): boolean =>
      (event === '*' || line.event === event) &&
      Object.entries(fields).every(([name, value]) => line[name] === value) &&
      matches(line)
    const past = this.#lines.find(wanted)
    if (past) return past
    return this.#within(`${event} ${JSON.stringify(fields)}`, (resolve) => {
      const waiter: Waiter = { matches: wanted, resolve }
      this.#waiters.add(waiter)
      return () => this.#waiters.delete(waiter)
    })
  }

  /** Resolves when so many lines, past ones included, have matched. */
  async count(matches: (line: Line) => boolean, wanted: number): Promise<void> {
    let seen = 0
    await this.event('*', {}, (line) => matches(line) && ++seen >= wanted)
  }

  /** Runs one of the peer's commands; rejects with what it threw. */
  async call<T = unknown>(name: string, ...args: unknown[]): Promise<T> {
    const id = ++this.#calls
    this.#child.stdin.write(`${JSON.stringify({ id, name, args })}\n`)
    const answer = await this.event('answer', { id })
    if (answer['ok'] !== true) {
      throw Object.assign(new Error(String(answer['error'])), { code: answer['code'] })
    }
    return answer['value'] as T
  }

  /** Asks until the answer satisfies, for what a program settles by itself without an event. */
  async until<T>(satisfies: (value: T) => boolean, name: string, ...args: unknown[]): Promise<T> {
    const deadline = Date.now() + SETTLING_PATIENCE_MS
    for (;;) {
      const value = await this.call<T>(name, ...args)
      if (satisfies(value)) return value
      if (Date.now() > deadline) throw new Error(`${this.#name}: ${name} stayed at ${JSON.stringify(value)}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** SIGTERM. The exit code, or the signal's name; throws where only force could end it. */
  async stop(): Promise<number | string> {
    this.#child.kill('SIGTERM')
    let forced = false
    const force = setTimeout(() => {
      forced = true
      this.kill()
    }, PATIENCE_MS)
    const code = await this.#exit
    clearTimeout(force)
    rmSync(this.#directory, { recursive: true, force: true })
    if (forced) throw new Error(`${this.#name} was closed, but something keeps it from ending`)
    return code
  }

  #take(text: string): void {
    let line: Line
    try {
      line = JSON.parse(text) as Line
    } catch {
      return // npm's programs print to stdout at will
    }
    this.#lines.push(line)
    for (const waiter of this.#waiters) if (waiter.matches(line)) waiter.resolve(line)
  }

  async #within(what: string, arm: (resolve: (line: Line) => void) => () => void): Promise<Line> {
    let disarm = (): void => {}
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${this.#name}: no ${what}\n${this.#tail()}`)), PATIENCE_MS)
    })
    const ended = this.#exit.then((code) => {
      throw new Error(`${this.#name} ended (${code}) before ${what}\n${this.#tail()}`)
    })
    ended.catch(() => {})
    try {
      return await Promise.race([new Promise<Line>((resolve) => (disarm = arm(resolve))), late, ended])
    } finally {
      clearTimeout(timer)
      disarm()
    }
  }

  #tail(): string {
    return [...this.#lines.slice(-8).map((line) => JSON.stringify(line)), this.#stderr].join('\n')
  }
}

const PEERS = join(import.meta.dirname, 'peers')
const SHOAL = join(import.meta.dirname, '../../packages/shoal/bin/shoal.js')

/** One of `peers/`, stopped when the test is over. */
export function startPeer(script: string, options: object, name: string = script): PeerProcess {
  return untilTestEnds(new PeerProcess(name, join(PEERS, `${script}.mjs`), { args: [JSON.stringify(options)] }))
}

/** The same in a network namespace. */
export function startPeerIn(namespace: string, script: string, options: object): PeerProcess {
  const start = { args: [JSON.stringify(options)], inside: ['ip', 'netns', 'exec', namespace] }
  return untilTestEnds(new PeerProcess(`${script} in ${namespace}`, join(PEERS, `${script}.mjs`), start))
}

/** The `shoal` command with --json, stopped when the test is over. */
export function startShoal(...args: string[]): PeerProcess {
  return untilTestEnds(new PeerProcess(`shoal ${args[0]}`, SHOAL, { args: [...args, '--json'] }))
}

function untilTestEnds(peer: PeerProcess): PeerProcess {
  onTestFinished(async () => {
    await peer.stop()
  })
  return peer
}

/** A TCP port of the loopback that was free a moment ago, for programs that must be told their port. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
