/** Which topic a command is about: it is said by its name, or by an invite, which may stand in the name's place. */

import { requireInvite } from '@shoal/discovery'
import { looksLikeInvite, type Topic } from '@shoal/peer'
import { usageMistake } from './exit.ts'
import { parseTopic } from './values.ts'

export interface TopicFlags {
  readonly topic?: string
  readonly invite?: string
}

export interface Sought {
  readonly topic: Topic
  readonly invite: string | undefined
}

/** Throws a usage mistake, or UsageError for an invite that is none any more. `flag`: where the topic is typed. */
export function soughtBy(flags: TopicFlags, flag = '--topic'): Sought {
  const isInvite = flags.topic !== undefined && looksLikeInvite(flags.topic)
  if (isInvite && flags.invite !== undefined) throw usageMistake(`give one invite: --invite, or in place of ${flag}`)
  const text = isInvite ? flags.topic : flags.invite
  if (text === undefined) return { topic: parseTopic(flags.topic, flag), invite: undefined }
  // What is pasted often has blanks around it.
  const invite = text.trim()
  const { topic } = requireInvite(invite)
  if (!isInvite && flags.topic !== undefined && parseTopic(flags.topic, flag).publicId !== topic.publicId) {
    throw usageMistake(`the invite is to another topic than ${flag} says: leave one of them out`)
  }
  return { topic, invite }
}
