import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MINUTE } from '@shoal/base'
import { formatInvite, KeyPair, requireTopic, type SignedEndpoint, signEndpoint, type Topic } from '@shoal/peer'
import { Command } from 'commander'
import { expect, onTestFinished, test } from 'vitest'
import { acceptTopicOption } from '../../src/cli/options.ts'
import { Output } from '../../src/cli/output.ts'
import { type TopicInput, takeTopicFile, topicFileOption } from '../../src/cli/topic-file.ts'
import { MemoryStream } from './memory-stream.ts'

const SECRET = `shoal:private:${'0123456789abcdef'.repeat(4)}`

const sha256 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(bytes).digest())

async function signedAt(topic: Topic): Promise<SignedEndpoint> {
  const place = { topic: topic.publicId, timestamp: Date.now() - 2 * MINUTE, host: '192.0.2.7', port: 9_000 }
  return signEndpoint(place, await KeyPair.generate(), sha256)
}

async function* input(...texts: string[]): TopicInput {
  yield* texts
}

async function taken(
  args: readonly string[],
  standardInput: TopicInput = input(),
): Promise<{ topic: unknown; accepted: readonly string[]; stderr: string }> {
  const [stdout, stderr] = [new MemoryStream(), new MemoryStream()]
  const output = new Output({ json: false, level: 'warn', stdout, stderr, environment: {} })
  const command = new Command('x')
    .argument('[topic]')
    .option('--topic <t>')
    .option('--invite <i>')
    .addOption(topicFileOption())
    .addOption(acceptTopicOption())
  command.hook('preAction', (_, action) => takeTopicFile(action, standardInput, output))
  let topic: unknown
  let accepted: readonly string[] = []
  command.action((_topic, flags: { topic?: string; acceptTopic: readonly Topic[] }) => {
    topic = flags.topic
    accepted = flags.acceptTopic.map(({ publicId }) => publicId)
  })
  await command.parseAsync(args, { from: 'user' })
  return { topic, accepted, stderr: stderr.text }
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
    expect(await taken(['--topic-file', file(text)])).toMatchObject({ topic: SECRET, stderr: '' })
  }
  expect(await taken(['--topic-file', '-'], input(SECRET.slice(0, 20), SECRET.slice(20), '\n'))).toMatchObject({
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

test('[Q-12] [Q-14] an invite that is over still holds the secret, and blanks around it hide nothing', async () => {
  const topic = requireTopic(SECRET)
  const text = formatInvite({ topic, validUntil: Date.now() - MINUTE, endpoints: [await signedAt(topic)] }, sha256)
  for (const args of [['--invite', text], [text], [` ${SECRET}`]]) {
    expect((await taken(args)).stderr).toMatch(/ps.*--topic-file/)
  }
})

test('[Q-14] an earlier topic with a secret is warned of too, and its tag does in its place', async () => {
  const { stderr } = await taken(['--accept-topic', SECRET])
  expect(stderr).toMatch(/ps.*shoal:tag:/)
  expect(stderr).not.toContain(SECRET)
  const { publicId } = requireTopic(SECRET)
  const tagged = await taken(['--accept-topic', publicId, '--accept-topic', 'old'])
  expect(tagged.stderr).toBe('')
  expect(tagged.accepted).toEqual([publicId, 'old'])
  await expect(taken(['--accept-topic', `${publicId}0`])).rejects.toThrow(/reserved/)
})

test('[Q-14] what is no topic, no file, or given twice, is one sentence', async () => {
  for (const [args, sentence] of [
    [['--topic-file', file('')], /holds no topic/],
    [['--topic-file', file('a\nb')], /one line/],
    [['--topic-file', join(tmpdir(), 'there-is-none')], /there is no file/],
    [['--topic-file', tmpdir()], /there is no file/],
    [['--topic-file', '-'], /standard input holds no topic/],
    [['--topic', 'a', '--topic-file', file('a')], /once/],
    [['--topic-file', SECRET], /^--topic-file takes the name of a file[^:]*$/],
  ] as const) {
    await expect(taken(args)).rejects.toThrow(sentence)
  }
})
