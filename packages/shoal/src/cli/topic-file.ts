/**
 * A topic, or an invite, that stands in a file or comes by standard input: what is typed on a command line can be read by
 * everybody on the machine, and of a private topic that is the secret.
 */

import { inviteTopic } from '@shoal/discovery'
import { looksLikeInvite, parseTopic, type Topic } from '@shoal/peer'
import { type Command, Option } from 'commander'
import { CommandError, usageMistake } from './exit.ts'
import type { Output } from './output.ts'
import { readSecretFile } from './secret-file.ts'

const FLAG = '--topic-file'
const STANDARD_INPUT = '-'
/** Far more than a topic or an invite has. */
const LENGTH_MAX = 65_536

export function topicFileOption(): Option {
  return new Option(
    `${FLAG} <file>`,
    'the topic, or an invite, is in this file (-: standard input), where ps shows no secret',
  )
}

/** What it is read from in place of a file. */
export type TopicInput = AsyncIterable<Uint8Array | string>

interface Given {
  readonly topicFile?: string
  readonly topic?: string
  readonly invite?: string
  readonly acceptTopic?: readonly Topic[]
}

/** Before a command runs: what is in the file stands for --topic from then on. */
export async function takeTopicFile(command: Command, input: TopicInput, output: Output): Promise<void> {
  const { topicFile: file, topic, invite, acceptTopic = [] } = command.opts<Given>()
  if ([topic, invite, file, ...command.args].some(isSecret)) {
    output.warn(
      `everybody on this machine can read the secret of this topic on the command line (ps): write it to a file, and give that with ${FLAG}`,
    )
  }
  if (acceptTopic.some(({ kind }) => kind === 'private')) {
    output.warn(
      'everybody on this machine can read the secret behind --accept-topic on the command line (ps): the tag of that topic (shoal:tag:…), which shoal prints in its place, does as well',
    )
  }
  if (file === undefined) return
  if (topic !== undefined) throw usageMistake(`give the topic once: --topic, or ${FLAG}`)
  if (isSecret(file)) throw usageMistake(`${FLAG} takes the name of a file that holds the topic, not the topic itself`)
  const text = file === STANDARD_INPUT ? await readAll(input) : await readFile(file, output)
  const [line, ...more] = text.trim().split('\n')
  if (line === undefined || line === '' || more.length > 0) {
    const what = file === STANDARD_INPUT ? 'standard input' : file
    throw new CommandError(`${what} holds no topic: ${FLAG} takes one line, as "shoal topic new" prints it`)
  }
  command.setOptionValue('topic', line)
}

function isSecret(text: string | undefined): boolean {
  if (text === undefined) return false
  const topic = looksLikeInvite(text) ? inviteTopic(text.trim()) : parseTopic(text.trim())
  return topic?.kind === 'private'
}

async function readFile(file: string, output: Output): Promise<string> {
  let held: Awaited<ReturnType<typeof readSecretFile>>
  try {
    held = await readSecretFile(file)
  } catch (cause) {
    throw new CommandError(`the file ${file} can't be read: check its rights, or give another with ${FLAG}`, { cause })
  }
  if (held === undefined || held === 'unlikely') {
    throw new CommandError(`there is no file ${file} that could hold a topic: check ${FLAG}`)
  }
  if (held.exposed && isSecret(held.text.trim())) {
    output.warn(`others can read the secret in ${file}: run chmod 600 on it`)
  }
  return held.text
}

async function readAll(input: TopicInput): Promise<string> {
  let text = ''
  for await (const chunk of input) {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8')
    if (text.length > LENGTH_MAX) break
  }
  return text
}
