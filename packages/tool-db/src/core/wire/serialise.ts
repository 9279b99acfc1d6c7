/** Messages to text, once for however many receive it. */

import type { Message, RecordMessage } from './message.ts'

export function messageText(message: Message): string {
  return JSON.stringify(message)
}

/** A message around the JSON of its record, which is there since it was stored. */
export function recordMessageText(message: Pick<RecordMessage, 'type' | 'id' | 'to'>, recordText: string): string {
  const { type, id, to } = message
  return `{"type":"${type}","id":${JSON.stringify(id)},"to":${JSON.stringify(to)},"data":${recordText}}`
}
