/**
 * A row's version is its very text: equal versions mean equal rows, it costs no hash, and it takes no memory beyond the
 * text that was read. Only texts that could be taken for `ABSENT` are escaped.
 */

import type { Row, Version } from './store.ts'

const ESCAPE = '\u0000'

export function versionOf(value: string): Version {
  return value === '' || value.startsWith(ESCAPE) ? ESCAPE + value : value
}

export function rowOf(key: string, value: string): Row {
  return { key, value, version: versionOf(value) }
}
