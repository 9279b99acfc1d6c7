import { EventEmitter } from 'node:events'
import { ClosedError, ShoalError, UsageError } from '@shoal/base'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CommandError, EXIT } from '../../src/cli/exit.ts'
import { type CommandBody, type ProcessLike, runCommand } from '../../src/cli/lifecycle.ts'
import { Output } from '../../src/cli/output.ts'
import { MemoryStream } from './memory-stream.ts'

class FakeProcess extends EventEmitter implements ProcessLike {
  exitCode?: number | string | null | undefined
  readonly exits: (number | undefined)[] = []
  exit(code?: number): void {
    this.exits.push(code)
  }
}

function start(body: CommandBody) {
  const process = new FakeProcess()
  const stdout = new MemoryStream()
  const stderr = new MemoryStream()
  const output = new Output({ json: false, level: 'warn', stdout, stderr, environment: {} })
  return { process, stdout, stderr, ended: runCommand(output, process, body) }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('how a command ends', () => {
  test('[C-3] the body says the exit code; without one it is 0', async () => {
    const fine = start(async () => undefined)
    await fine.ended
    expect(fine.process.exitCode).toBe(0)
    const missing = start(async () => EXIT.notFound)
    await missing.ended
    expect(missing.process.exitCode).toBe(3)
  })

  test.each([
    ['a failure', new CommandError('it failed: do this'), 1, 'shoal: it failed: do this'],
    ['a usage mistake', new UsageError('say it so'), 2, 'shoal: say it so'],
    [
      'an error of ours with a code',
      new ShoalError('SHOAL_STORE', 'store broken:\n  repair it'),
      1,
      'shoal: store broken: repair it',
    ],
    ['a taken port', Object.assign(new Error('listen'), { code: 'EADDRINUSE', port: 9000 }), 1, 'port 9000 is taken'],
    [
      'a folder without rights',
      Object.assign(new Error('x'), { code: 'EACCES', path: '/x' }),
      1,
      "/x can't be written to",
    ],
    ['a bug', new TypeError('x is not a function'), 1, 'please report it'],
  ])('[C-2] %s is one sentence on stderr, without a stack trace', async (_name, error, exitCode, sentence) => {
    const { process, stdout, stderr, ended } = start(async () => {
      throw error
    })
    await ended
    expect(process.exitCode).toBe(exitCode)
    expect(stderr.lines).toHaveLength(1)
    expect(stderr.text).toContain(sentence)
    expect(stdout.text).toBe('')
  })

  test('[C-4] what was opened is closed in reverse order, also after an error', async () => {
    const closed: string[] = []
    const { ended } = start(async ({ onClose }) => {
      onClose(() => void closed.push('first'))
      onClose(async () => void closed.push('second'))
      throw new CommandError('no')
    })
    await ended
    expect(closed).toEqual(['second', 'first'])
  })

  test('[C-4] what fails to close is said, and the rest is closed all the same', async () => {
    const closed: string[] = []
    const { process, stderr, ended } = start(async ({ onClose }) => {
      onClose(() => void closed.push('first'))
      onClose(() => Promise.reject(new CommandError('the store did not close: check the disk')))
      return undefined
    })
    await ended
    expect(closed).toEqual(['first'])
    expect(process.exitCode).toBe(1)
    expect(stderr.lines).toEqual(['shoal: the store did not close: check the disk'])
  })
})

describe('signals', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('[C-4] %s closes and exits with 0', async (signal) => {
    let closed = false
    const { process, stderr, ended } = start(async ({ untilStopped, onClose }) => {
      onClose(() => void (closed = true))
      await untilStopped()
      throw new ClosedError('closed meanwhile')
    })
    process.emit(signal)
    await ended
    expect(closed).toBe(true)
    expect(process.exitCode).toBe(0)
    expect(stderr.text).toBe('')
    expect(process.listenerCount(signal)).toBe(0)
  })

  test('[C-4] a body that waits for something else is not waited for', async () => {
    const { process, ended } = start(() => new Promise(() => {}))
    process.emit('SIGTERM')
    await ended
    expect(process.exitCode).toBe(0)
  })

  test('[C-4] what is opened after the stop is closed at once', async () => {
    let closed = false
    let open: () => void = () => {}
    const { process, ended } = start(async ({ onClose }) => {
      await new Promise<void>((resolve) => {
        open = resolve
      })
      onClose(() => void (closed = true))
      return undefined
    })
    process.emit('SIGTERM')
    await ended
    open()
    await vi.waitFor(() => expect(closed).toBe(true))
  })

  test('[C-4] closing that hangs is cut off before 4 s, a second signal cuts it off at once', async () => {
    const { process } = start(async ({ onClose, untilStopped }) => {
      onClose(() => new Promise(() => {}))
      await untilStopped()
      return undefined
    })
    process.emit('SIGTERM')
    await vi.advanceTimersByTimeAsync(3_000)
    expect(process.exits).toEqual([])
    await vi.advanceTimersByTimeAsync(900)
    expect(process.exits).toEqual([0])
    process.emit('SIGINT')
    expect(process.exits).toEqual([0, 0])
  })
})
