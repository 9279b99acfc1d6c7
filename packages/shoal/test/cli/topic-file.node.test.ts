import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { expect, onTestFinished, test } from 'vitest'
import { Output } from '../../src/cli/output.ts'
import { type TopicInput, takeTopicFile, topicFileOption } from '../../src/cli/topic-file.ts'
import { MemoryStream } from './memory-stream.ts'

const SECRET = `shoal:private:${'0123456789abcdef'.repeat(4)}`

async function* input(...texts: string[]): TopicInput {
  yield* texts
}

async function taken(
  args: readonly string[],
  standardInput: TopicInput = input(),
): Promise<{ topic: unknown; stderr: string }> {
  const [stdout, stderr] = [new MemoryStream(), new MemoryStream()]
  const output = new Output({ json: false, level: 'warn', stdout, stderr, environment: {} })
  const command = new Command('x')
    .argument('[topic]')
    .option('--topic <t>')
    .option('--invite <i>')
    .addOption(topicFileOption())
  command.hook('preAction', (_, action) => takeTopicFile(action, standardInput, output))
  let topic: unknown
  command.action((_topic, flags: { topic?: string }) => {
    topic = flags.topic
  })
  await command.parseAsync(args, { from: 'user' })
  return { topic, stderr: stderr.text }
}

function file(text: string, mode = 0o600): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-topic-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'topic')
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

test('[Q-14] a topic is taken from a file, or from standard input, with or without the end of the line', async () => {
  for (const text of [SECRET, `${SECRET}\n`, ` ${SECRET} \r\n`]) {
    expect(await taken(['--topic-file', file(text)])).toEqual({ topic: SECRET, stderr: '' })
  }
  expect(await taken(['--topic-file', '-'], input(SECRET.slice(0, 20), SECRET.slice(20), '\n'))).toEqual({
    topic: SECRET,
    stderr: '',
  })
  expect((await taken(['--topic-file', file('plain')])).topic).toBe('plain')
  expect((await taken(['--topic', 'typed'])).topic).toBe('typed')
})

test('[Q-14] a secret on the command line is warned of, and one in a file that others can read; neither is repeated', async () => {
  for (const args of [['--topic', SECRET], [SECRET]]) {
    const { stderr } = await taken(args)
    expect(stderr).toMatch(/ps.*--topic-file/)
    expect(stderr).not.toContain(SECRET)
  }
  expect((await taken(['--topic-file', file(SECRET, 0o644)])).stderr).toMatch(/chmod 600/)
  expect((await taken(['--topic-file', file('plain', 0o644)])).stderr).toBe('')
  expect((await taken(['shoal:invite:nonsense'])).stderr).toBe('')
})

test('[Q-14] what is no topic, no file, or given twice, is one sentence', async () => {
  for (const [args, sentence] of [
    [['--topic-file', file('')], /holds no topic/],
    [['--topic-file', file('a\nb')], /one line/],
    [['--topic-file', join(tmpdir(), 'there-is-none')], /there is no file/],
    [['--topic-file', tmpdir()], /there is no file/],
    [['--topic-file', '-'], /standard input holds no topic/],
    [['--topic', 'a', '--topic-file', file('a')], /once/],
  ] as const) {
    await expect(taken(args)).rejects.toThrow(sentence)
  }
})
