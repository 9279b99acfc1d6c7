/** Messages to text, once for however many receive it. */

import type { Message } from './message.ts'

export function messageText(message: Message): string {
  return JSON.stringify(message)
}
