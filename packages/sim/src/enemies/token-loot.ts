/** What a gang of token thieves has collected, and how far it got with it. */

import type { Endpoint } from '@shoal/base'
import { krpcQuery } from './krpc-writer.ts'

export interface Loot {
  /** BOUNDED: by the victims, one token of each. */
  readonly tokens: { readonly victim: Endpoint; readonly token: string }[]
  tried: number
  accepted: number
}

export const ANNOUNCEMENT = 'ap'
const PORT = 6_666

export function announcementWith(token: string, id: Uint8Array): Uint8Array {
  const args = { id, info_hash: id, port: PORT, token }
  return krpcQuery({ transaction: ANNOUNCEMENT, method: 'announce_peer', args })
}
