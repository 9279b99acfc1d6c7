/**
 * A frame to a JSON value, within bounds. The depth is counted before the parser sees the text: a parser that
 * recurses would be the first thing an attacker asks for.
 */

import { utf8Text } from '@shoal/base'

export type FrameRejection = 'TOO_LARGE' | 'BAD_UTF8' | 'TOO_DEEP' | 'BAD_JSON'

export type ParsedFrame =
  | { readonly ok: true; readonly value: unknown; readonly size: number }
  | { readonly ok: false; readonly code: FrameRejection }

export interface FrameLimits {
  /** Bytes of a binary frame, UTF-16 units of a text one (never more units than bytes). */
  readonly frameSizeMax: number
  readonly depthMax: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

export function parseFrame(frame: string | Uint8Array, limits: FrameLimits): ParsedFrame {
  const size = frame.length
  if (size > limits.frameSizeMax) return { ok: false, code: 'TOO_LARGE' }
  const text = typeof frame === 'string' ? frame : utf8Text(frame)
  if (text === undefined) return { ok: false, code: 'BAD_UTF8' }
  if (mayBeDeeperThan(text, limits.depthMax) && isDeeperThan(text, limits.depthMax))
    return { ok: false, code: 'TOO_DEEP' }
  try {
    return { ok: true, value: JSON.parse(text) as unknown, size }
  } catch {
    return { ok: false, code: 'BAD_JSON' }
  }
}

/** False where there are not so many brackets at all, in strings or out: nearly always, and found at a fraction of the price. */
function mayBeDeeperThan(text: string, depthMax: number): boolean {
  let left = depthMax
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) if (--left < 0) return true
  }
  return false
}

/** Counts brackets outside of strings. What isn't JSON may be misjudged; the parser refuses it in any case. */
export function isDeeperThan(text: string, depthMax: number): boolean {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === QUOTE) {
      i = endOfString(text, i)
      if (i < 0) return false
    } else if (unit === 0x7b || unit === 0x5b) {
      if (++depth > depthMax) return true
    } else if (unit === 0x7d || unit === 0x5d) depth--
  }
  return false
}

/** The index of the closing quote, or -1. `indexOf` keeps long strings off the character loop. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return -1
}
