/** Messages to text, once for however many receive it. */

import type { Message, RecordMessage } from './message.ts'

export function messageText(message: Message): string {
  // Each put gets one: put together it takes a third of the time.
  if (message.type === 'ack' && message.to.length === 0) {
    return `{"type":"ack","id":${JSON.stringify(message.id)},"to":[],"code":${JSON.stringify(message.code)}}`
  }
  return JSON.stringify(message)
}

/** A message around the JSON of its record, which is there since it was stored. */
export function recordMessageText(message: Pick<RecordMessage, 'type' | 'id' | 'to'>, recordText: string): string {
  const { type, id, to } = message
  return `{"type":"${type}","id":${JSON.stringify(id)},"to":${JSON.stringify(to)},"data":${recordText}}`
}
