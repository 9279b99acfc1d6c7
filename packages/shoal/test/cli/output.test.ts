import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type LogLevel, Output } from '../../src/cli/output.ts'
import { hanging, harmless, wantsColour } from '../../src/cli/terminal.ts'
import { MemoryStream } from './memory-stream.ts'

function world(options: { json?: boolean; level?: LogLevel; tty?: boolean; noColor?: string } = {}) {
  const stdout = new MemoryStream(options.tty)
  const stderr = new MemoryStream(options.tty)
  const output = new Output({
    json: options.json ?? false,
    level: options.level ?? 'warn',
    stdout,
    stderr,
    environment: { NO_COLOR: options.noColor, TERM: 'xterm' },
  })
  return { output, stdout, stderr }
}

describe('for programs', () => {
  test('[C-1] --json prints one object a line on stdout and nothing else', () => {
    const { output, stdout, stderr } = world({ json: true, tty: true })
    output.event('peer', { host: '127.0.0.1', port: 1, text: 'a\nb' }, 'for people')
    output.line('for people')
    output.note('for people')
    output.progress('for people')
    output.event('done', { found: 1 })
    expect(stdout.lines.map((line) => JSON.parse(line))).toEqual([
      { event: 'peer', host: '127.0.0.1', port: 1, text: 'a\nb' },
      { event: 'done', found: 1 },
    ])
    expect(stderr.text).toBe('')
  })

  test('[C-1] warnings and errors stay sentences on stderr', () => {
    const { output, stdout, stderr } = world({ json: true })
    output.warn('something is odd')
    output.error('it went wrong')
    expect(stdout.text).toBe('')
    expect(stderr.lines).toEqual(['shoal: warning: something is odd', 'shoal: it went wrong'])
  })
})

describe('for people', () => {
  test('[D-132] what strangers stored moves no terminal: control characters are shown as escapes', () => {
    const evil = '\u001b]0;owned\u0007\u001b[2J\u001b[1;1Hdone\rover\u009b1A\u202egnp.exe\tand\nmore'
    const { output, stdout, stderr } = world({ tty: true })
    output.event('value', { value: evil }, evil)
    output.warn(evil)
    const shown = '\\u001b]0;owned\\u0007\\u001b[2J\\u001b[1;1Hdone\\u000dover\\u009b1A\\u202egnp.exe\tand\nmore'
    expect(stdout.text).toBe(`${shown}\n`)
    expect(stderr.text).toContain(shown)
    expect(stderr.text).toContain('\u001b[33m')
    expect(harmless('\u001b[32m●\u001b[39m plain, ünïcode 👩‍👩‍👧 \u001b')).toBe(
      '\u001b[32m●\u001b[39m plain, ünïcode 👩‍👩‍👧 \\u001b',
    )
  })

  test('[D-132] a pipe gets the text as it is', () => {
    const { output, stdout } = world()
    output.event('value', {}, 'a\u001b[2Jb')
    expect(stdout.text).toBe('a\u001b[2Jb\n')
  })

  test('[C-6] a pipe gets plain text: no colours, no moving line, no notes', () => {
    const { output, stdout, stderr } = world()
    output.progress('working')
    output.event('done', {}, output.paint('green', 'done'))
    output.note('by the way')
    output.progress()
    expect(stdout.text).toBe('done\n')
    expect(stderr.text).toBe('')
  })

  test('[C-6] an event without a line says nothing to people', () => {
    const { output, stdout } = world()
    output.event('peer', { port: 1 })
    expect(stdout.text).toBe('')
  })

  test.each<[LogLevel, number]>([
    ['silent', 0],
    ['error', 1],
    ['warn', 2],
    ['info', 3],
    ['debug', 4],
  ])('[C-7] --log-level %s lets %i kinds of line through', (level, expected) => {
    const { output, stderr } = world({ level })
    output.error('e')
    output.warn('w')
    output.note('n')
    output.debug('d')
    expect(stderr.lines).toHaveLength(expected)
  })
})

describe('on a terminal', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('[C-6] colours are used', () => {
    const { output } = world({ tty: true })
    expect(output.paint('green', 'ok')).toBe('\u001B[32mok\u001B[39m')
  })

  test('[C-6] NO_COLOR and a dumb terminal get none', () => {
    expect(world({ tty: true, noColor: '1' }).output.paint('green', 'ok')).toBe('ok')
    expect(wantsColour({ isTTY: true, write: () => {} }, { NO_COLOR: '', TERM: 'xterm' })).toBe(true)
    expect(wantsColour({ isTTY: true, write: () => {} }, { TERM: 'dumb' })).toBe(false)
    expect(wantsColour({ isTTY: false, write: () => {} }, {})).toBe(false)
  })

  test('[C-6] the moving line makes room for results and is gone at the end', () => {
    const { output, stderr } = world({ tty: true })
    output.progress('looking')
    vi.advanceTimersByTime(250)
    expect(stderr.text.match(/looking/g)).toHaveLength(3)
    output.line('a result')
    output.progress()
    expect(stderr.text.endsWith('\r\u001B[2K')).toBe(true)
    const before = stderr.text
    vi.advanceTimersByTime(1_000)
    expect(stderr.text).toBe(before)
  })
})

test('[C-6] a long sentence hangs behind its title', () => {
  expect(hanging('one two three four', { width: 14, indent: 4 })).toBe('one two\n    three four')
  expect(hanging('short', { width: 80, indent: 4 })).toBe('short')
  // A word longer than the line stays whole.
  expect(hanging('a incomprehensibilities b', { width: 10, indent: 2 })).toBe('a\n  incomprehensibilities\n  b')
})
