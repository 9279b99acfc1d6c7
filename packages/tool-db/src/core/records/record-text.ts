/**
 * A record as JSON, put together around the text of its value: that was made once, to be hashed, and is the largest part of
 * most records. The same text goes into the store and on the wire.
 */

import { valueText } from './hash.ts'
import type { WireRecord } from './record.ts'

/** The fields stand in the order in which tool-db writes them; a value that is not there is left out, as JSON does. */
export function recordText(record: WireRecord, text: string = valueText(record.v)): string {
  const { k, a, n, t, h, s, v, c } = record
  const nonce = typeof n === 'number' ? n : quoted(n)
  const head = `{"k":${JSON.stringify(k)},"a":${quoted(a)},"n":${nonce},"t":${t},"h":"${h}","s":${quoted(s)}`
  const value = v === undefined ? '' : `,"v":${text}`
  return `${head}${value},"c":${c === null ? 'null' : JSON.stringify(c)}}`
}

/** ASCII that stands in JSON as it is. */
const PLAIN = /^[ !#-[\]-~]*$/

/** `JSON.stringify`, which takes twice as long for what needs no escapes. */
function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)
}
