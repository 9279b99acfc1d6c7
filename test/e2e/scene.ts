/**
 * Real processes for the tests of this folder. Each test has a scene of its own: a data folder, an empty current
 * directory, and the processes started in it, which end with the test. Every wait is for something that happens; the time-out
 * only keeps a test from hanging.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, vi } from 'vitest'

const REPOSITORY = resolve(import.meta.dirname, '../..')
const SHOAL = join(REPOSITORY, 'packages/shoal/bin/shoal.js')
const EXAMPLES = join(REPOSITORY, 'examples/dist')
/** One wait, and a whole test of many processes on a busy machine: only keep a run from hanging. */
const PATIENCE_MS = 30_000
vi.setConfig({ testTimeout: 150_000 })

export interface Line {
  readonly event: string
  readonly [field: string]: unknown
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

interface Waiter {
  readonly looks: () => boolean
  readonly done: () => void
}

export class Program {
  readonly name: string
  readonly #child: ChildProcess
  readonly #waiters = new Set<Waiter>()
  readonly lines: Line[] = []
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''
  #isOver = false

  /** `inside`: the network namespace to run in. */
  constructor(
    name: string,
    args: readonly string[],
    { inside, ...options }: { cwd: string; env: NodeJS.ProcessEnv; inside: string | undefined },
  ) {
    this.name = name
    const way = inside === undefined ? [] : ['ip', 'netns', 'exec', inside]
    const [command, ...rest] = [...way, process.execPath, ...args] as [string, ...string[]]
    this.#child = spawn(command, rest, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const { stdout, stderr } = this.#child
    if (!stdout || !stderr) throw new Error('no pipes')
    createInterface({ input: stdout }).on('line', (text) => this.#take(text))
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      this.#look()
    })
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#isOver = true
        this.#look()
        resolve({ code, signal })
      })
    })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Asks it to stop, and gives how it ended. */
  async stop(): Promise<Ended> {
    this.kill('SIGTERM')
    return this.ended
  }

  /** All events of this name so far. */
  all(event: string): Line[] {
    return this.lines.filter((line) => line.event === event)
  }

  /** The first event of this name with these fields, past or future. `since` leaves out what came before it. */
  async event(event: string, fields: Readonly<Record<string, unknown>> = {}, since?: Line): Promise<Line> {
    const from = since === undefined ? 0 : this.lines.indexOf(since) + 1
    let found: Line | undefined
    await this.#until(`${event} ${JSON.stringify(fields)}`, () => {
      found = this.lines.find((line, i) => i >= from && line.event === event && has(line, fields))
      return found !== undefined
    })
    return found as Line
  }

  /** Until stderr says so. */
  async says(pattern: RegExp): Promise<void> {
    await this.#until(String(pattern), () => pattern.test(this.stderr))
  }

  /** Until stdout says so, for programs that print for people. */
  async prints(pattern: RegExp): Promise<void> {
    await this.#until(String(pattern), () => pattern.test(this.stdout))
  }

  #take(text: string): void {
    this.stdout += `${text}\n`
    try {
      this.lines.push(JSON.parse(text) as Line)
    } catch {
      // Printed for people.
    }
    this.#look()
  }

  #look(): void {
    for (const waiter of [...this.#waiters]) if (waiter.looks()) waiter.done()
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return
    await new Promise<void>((resolve, reject) => {
      const end = (error?: Error): void => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
        if (error) reject(error)
        else resolve()
      }
      const timer = setTimeout(() => end(new Error(`${this.name}: no ${what} in time\n${this.tail}`)), PATIENCE_MS)
      const waiter: Waiter = {
        looks: () => condition() || this.#isOver,
        done: () => end(condition() ? undefined : new Error(`${this.name} ended before ${what}\n${this.tail}`)),
      }
      this.#waiters.add(waiter)
      if (this.#isOver) waiter.done()
    })
  }

  get tail(): string {
    return [...this.stdout.split('\n').slice(-10), this.stderr.slice(-2_000)].join('\n')
  }
}

export class Scene {
  readonly directory: string
  readonly #work: string
  readonly #programs: Program[] = []

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'shoal-e2e-'))
    this.#work = join(this.directory, 'work')
    mkdirSync(this.#work)
    mkdirSync(this.path('tmp'))
    onTestFinished(() => this.#end())
  }

  /** A place inside the scene. */
  path(...parts: string[]): string {
    return join(this.directory, ...parts)
  }

  /** The `shoal` command with --json. */
  shoal(...args: string[]): Program {
    return this.#start(`shoal ${args.join(' ')}`, [SHOAL, ...args, '--json'])
  }

  /** The same in a network namespace. */
  shoalIn(namespace: string, ...args: string[]): Program {
    return this.#start(`shoal ${args.join(' ')} in ${namespace}`, [SHOAL, ...args, '--json'], {}, namespace)
  }

  /** The `shoal` command as a person runs it. */
  plain(...args: string[]): Program {
    return this.#start(`shoal ${args.join(' ')}`, [SHOAL, ...args])
  }

  /** One of the examples, as built. */
  example(name: string, env: NodeJS.ProcessEnv): Program {
    return this.#start(name, [join(EXAMPLES, `${name}.js`)], env)
  }

  /** A server of its own store, listening. */
  async server(topic: string, bootstrap: string, ...more: string[]): Promise<{ program: Program; here: Line }> {
    const store = more.includes('--store') ? [] : ['--store', 'memory']
    const port = more.includes('--port') ? [] : ['--port', '0']
    const program = this.shoal('serve', '--topic', topic, '--bootstrap', bootstrap, ...port, ...store, ...more)
    return { program, here: await program.event('listening') }
  }

  /** A DHT of its own; gives the list for --bootstrap. */
  async testnet(nodes: number): Promise<string> {
    const program = this.shoal('testnet', String(nodes))
    return String((await program.event('listening'))['bootstrap'])
  }

  #start(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, inside?: string): Program {
    const { NO_COLOR, FORCE_COLOR, ...inherited } = process.env
    const program = new Program(name, args, {
      cwd: this.#work,
      env: { ...inherited, XDG_DATA_HOME: this.path('data'), TMPDIR: this.path('tmp'), ...env },
      inside,
    })
    this.#programs.push(program)
    return program
  }

  async #end(): Promise<void> {
    for (const program of this.#programs) if (!program.isOver) program.kill('SIGTERM')
    const force = setTimeout(() => {
      for (const program of this.#programs) if (!program.isOver) program.kill('SIGKILL')
    }, 5_000)
    await Promise.all(this.#programs.map((program) => program.ended))
    clearTimeout(force)
    const left = readdirSync(this.#work)
    rmSync(this.directory, { recursive: true, force: true })
    expect(left, 'files left in the current directory').toEqual([])
  }
}

function has(line: Line, fields: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(fields).every(([name, value]) => line[name] === value)
}

/** A TCP port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
