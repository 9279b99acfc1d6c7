/** Messages to text, once for however many receive it. */

import type { Message, PutMessage } from './message.ts'

export function messageText(message: Message): string {
  return JSON.stringify(message)
}

/** A `put` around the JSON of its record, which is there since it was stored. */
export function putText({ id, to }: Pick<PutMessage, 'id' | 'to'>, recordText: string): string {
  return `{"type":"put","id":${JSON.stringify(id)},"to":${JSON.stringify(to)},"data":${recordText}}`
}
