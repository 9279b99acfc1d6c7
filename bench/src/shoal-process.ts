/** The `shoal` command as a black box: started with --json, its lines kept with the time they came. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export const ROOT: string = join(import.meta.dirname, '../..')
const SHOAL = join(ROOT, 'packages/shoal/bin/shoal.js')

export interface Line {
  readonly event: string
  /** performance.now() in this process when the line came. */
  readonly at: number
  readonly [field: string]: unknown
}

/** How long any one event may take; only keeps a run from hanging. */
const PATIENCE_MS = 90_000

export class ShoalProcess {
  readonly startedAt: number = performance.now()
  readonly #name: string
  readonly #child: ChildProcess
  readonly #lines: Line[] = []
  readonly #watchers = new Set<() => void>()
  #stderr = ''

  constructor(...args: string[]) {
    this.#name = `shoal ${args.join(' ')}`
    this.#child = spawn(process.execPath, [SHOAL, ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] })
    if (!this.#child.stdout || !this.#child.stderr) throw new Error('no pipes')
    this.#child.stderr.on('data', (chunk) => {
      this.#stderr = (this.#stderr + String(chunk)).slice(-2_000)
      this.#wake()
    })
    createInterface({ input: this.#child.stdout }).on('line', (text) => {
      this.#lines.push({ ...(JSON.parse(text) as Line), at: performance.now() })
      this.#wake()
    })
    this.#child.on('exit', () => this.#wake())
  }

  /** The first line of this event, past or future, that satisfies; later than `after` where that is given. */
  async event(event: string, satisfies: (line: Line) => boolean = () => true, after = 0): Promise<Line> {
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      const found = this.#lines.find((line) => line.event === event && line.at > after && satisfies(line))
      if (found) return found
      if (this.#ended) throw new Error(`${this.#name} ended before ${event}: ${this.#stderr}`)
      if (performance.now() > deadline)
        throw new Error(`${this.#name}: no ${event} in ${PATIENCE_MS} ms\n${this.#tail()}`)
      await this.#woken(deadline)
    }
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#ended) return
    const exited = once(this.#child, 'exit')
    this.#child.kill(signal)
    const force = setTimeout(() => this.#child.kill('SIGKILL'), 5_000)
    await exited
    clearTimeout(force)
  }

  /** Until it has said so on stderr; when that was. */
  async says(pattern: RegExp): Promise<number> {
    const deadline = performance.now() + PATIENCE_MS
    while (!pattern.test(this.#stderr)) {
      if (this.#ended || performance.now() > deadline)
        throw new Error(`${this.#name} never said ${pattern}\n${this.#tail()}`)
      await this.#woken(deadline)
    }
    return performance.now()
  }

  get #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  #wake(): void {
    for (const watcher of this.#watchers) watcher()
  }

  #woken(deadline: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#watchers.delete(done)
        resolve()
      }
      const timer = setTimeout(done, deadline - performance.now())
      this.#watchers.add(done)
    })
  }

  #tail(): string {
    return [...this.#lines.slice(-6).map((line) => JSON.stringify(line)), this.#stderr].join('\n')
  }
}

/** A private DHT of `nodes`, and what runs on it; all of it is ended, and its directory removed, when the object is closed. */
export class Swarm {
  topic: string = `accept-${Math.random().toString(36).slice(2, 10)}`
  readonly directory: string = mkdtempSync(join(tmpdir(), 'shoal-accept-'))
  readonly #processes: ShoalProcess[] = []
  #bootstrap = ''

  static async start(nodes: number): Promise<Swarm> {
    const swarm = new Swarm()
    try {
      const { bootstrap } = await swarm.run('testnet', String(nodes)).event('listening')
      // Two of them: a newcomer's way in, not a map of the network.
      swarm.#bootstrap = String(bootstrap).split(',').slice(0, 2).join(',')
      return swarm
    } catch (error) {
      await swarm.close()
      throw error
    }
  }

  serve(name: string, ...more: string[]): ShoalProcess {
    const store = join(this.directory, name)
    return this.run('serve', '--topic', this.topic, '--port', '0', '--store', store, ...more, ...this.network())
  }

  /** A client that stays: it knows the topic and the DHT, nothing else. */
  watch(key: string): ShoalProcess {
    return this.run(...this.watchCommand(key))
  }

  watchCommand(key: string): string[] {
    return ['watch', key, '--topic', this.topic, ...this.network()]
  }

  once(...args: string[]): ShoalProcess {
    return this.run(...args, '--topic', this.topic, ...this.network())
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()))
    rmSync(this.directory, { recursive: true, force: true })
  }

  get bootstrap(): readonly string[] {
    return this.#bootstrap.split(',')
  }

  /** The flags of whoever takes part. */
  network(): string[] {
    return ['--bootstrap', this.#bootstrap, '--bind', '127.0.0.1', '--no-lan']
  }

  /** Any command; it ends with the swarm. */
  run(...args: string[]): ShoalProcess {
    const process = new ShoalProcess(...args)
    this.#processes.push(process)
    return process
  }
}
