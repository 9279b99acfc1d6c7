/**
 * Keys and the three namespaces: `:address.name` belongs to the address alone, `==name` to whoever claimed it first,
 * every other key to everybody.
 */

import { UsageError, utf8Length } from '@shoal/base'

export const KEY_BYTES_MAX = 1_024

export type Namespace =
  | { readonly kind: 'public' }
  | { readonly kind: 'private'; readonly owner: string }
  | { readonly kind: 'frozen'; readonly name: string }

/** What is wrong with a key, as the end of a sentence that begins with "the key"; `undefined` where nothing is. */
export function keyProblem(key: string): string | undefined {
  if (key === '') return 'is empty'
  // Rows of the store that are our own begin with U+0000.
  if (key.startsWith('\0')) return 'begins with U+0000, which is reserved'
  const length = key.length > KEY_BYTES_MAX ? key.length : utf8Length(key)
  // Half of a surrogate pair becomes U+FFFD in UTF-8, so two keys would have one binding.
  if (length === undefined) return 'is not well-formed Unicode (it holds half of a surrogate pair)'
  if (length > KEY_BYTES_MAX) return `is longer than ${KEY_BYTES_MAX} bytes of UTF-8`
  const namespace = namespaceOf(key)
  if (namespace.kind === 'private' && namespace.owner === '') return 'begins with ":" but names no address'
  if (namespace.kind === 'frozen' && namespace.name === '') return 'begins with "==" but gives no name'
  return undefined
}

/** A private key's owner is the text between `:` and the first dot, as tool-db reads it. */
export function namespaceOf(key: string): Namespace {
  if (key.startsWith(':')) {
    const dot = key.indexOf('.')
    return { kind: 'private', owner: dot < 0 ? key.slice(1) : key.slice(1, dot) }
  }
  return key.startsWith('==') ? { kind: 'frozen', name: key.slice(2) } : { kind: 'public' }
}

export function privateKeyOf(address: string, name: string): string {
  return `:${address}.${name}`
}

/**
 * The key on the wire of what `putData` and `putCrdt` were given. A dot is refused, as in tool-db, since it ends the
 * address of a private key. Throws UsageError.
 */
export function writableKey(name: string, owner: string | undefined): string {
  if (typeof name !== 'string') throw new UsageError('the key must be a text')
  if (name.includes('.')) throw new UsageError(`Key cannot include dots!; ${name.slice(0, 100)}`)
  const key = owner === undefined ? name : privateKeyOf(owner, name)
  const problem = name === '' ? 'is empty' : keyProblem(key)
  if (problem !== undefined) throw new UsageError(`the key ${problem}`)
  return key
}
