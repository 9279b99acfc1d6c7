/**
 * A flood of garbage beside a DHT server. In life it comes from elsewhere, so it should take as little of the processor that the server runs
 * on as can be: where Python and Linux are there, sixty datagrams go out in one call; elsewhere a Node process sends them one by one.
 */
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { Child } from './child.ts'
import { queryTemplate } from './krpc-messages.ts'
import { ROOT } from './shoal-process.ts'

const PER_SECOND = 150_000

export interface Garbage {
  start(): Promise<void>
  stop(): Promise<void>
  /** Datagrams so far. */
  sent(): Promise<number>
  end(): Promise<void>
}

export function startGarbage(port: number): Garbage {
  return canSegment() ? new SegmentedGarbage(port) : new PlainGarbage(port)
}

function canSegment(): boolean {
  return process.platform === 'linux' && spawnSync('python3', ['-c', '']).status === 0
}

class SegmentedGarbage implements Garbage {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: Interface
  readonly #ready: Promise<unknown>

  constructor(port: number) {
    const query = queryTemplate('get_peers', Buffer.alloc(20, 7)).bytes.toString('hex')
    const script = join(ROOT, 'bench/src/dht-garbage.py')
    this.#process = spawn('python3', [script, `${port}`, `${PER_SECOND}`, query], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#lines = createInterface(this.#process.stdout)
    this.#ready = once(this.#lines, 'line')
  }

  async start(): Promise<void> {
    await this.#ready
    this.#process.stdin.write('start\n')
  }

  async stop(): Promise<void> {
    this.#process.stdin.write('stop\n')
  }

  async sent(): Promise<number> {
    const answered = once(this.#lines, 'line')
    this.#process.stdin.write('counts\n')
    const [line] = await answered
    return Number(line)
  }

  async end(): Promise<void> {
    const exited = once(this.#process, 'exit')
    this.#process.stdin.end()
    await exited
  }
}

class PlainGarbage implements Garbage {
  readonly #child: Child

  constructor(port: number) {
    this.#child = new Child('dht-garbage-process', { port, perSecond: PER_SECOND })
  }

  async start(): Promise<void> {
    await this.#child.request('start')
  }

  async stop(): Promise<void> {
    await this.#child.request('stop')
  }

  async sent(): Promise<number> {
    return (await this.#child.request<{ sent: number }>('counts')).sent
  }

  end(): Promise<void> {
    return this.#child.stop()
  }
}
