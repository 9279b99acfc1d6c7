/**
 * Bencoding as a tree that may be wrong: integers are the digits as written, dictionaries are pairs in any order and number.
 * What is written from it can be anything between a real message and garbage of its shape.
 */

export type Tree =
  /** One character a byte. */
  | { kind: 'text'; text: string }
  /** As written between `i` and `e`. */
  | { kind: 'integer'; digits: string }
  | { kind: 'list'; items: Tree[] }
  | { kind: 'dictionary'; pairs: Pair[] }

export interface Pair {
  key: string
  value: Tree
}

export type Plain = string | number | readonly Plain[] | { readonly [key: string]: Plain | undefined }

/** The tree of a plain value; what is `undefined` is left out. */
export function treeOf(value: Plain): Tree {
  if (typeof value === 'string') return { kind: 'text', text: value }
  if (typeof value === 'number') return { kind: 'integer', digits: String(value) }
  if (isList(value)) return { kind: 'list', items: value.map(treeOf) }
  const pairs: Pair[] = []
  for (const [key, entry] of Object.entries(value)) if (entry !== undefined) pairs.push({ key, value: treeOf(entry) })
  return { kind: 'dictionary', pairs }
}

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value)
}

/** One character a byte. */
export function written(tree: Tree): string {
  switch (tree.kind) {
    case 'text':
      return `${tree.text.length}:${tree.text}`
    case 'integer':
      return `i${tree.digits}e`
    case 'list':
      return `l${tree.items.map(written).join('')}e`
    case 'dictionary':
      return `d${tree.pairs.map(({ key, value }) => `${key.length}:${key}${written(value)}`).join('')}e`
  }
}

/** Every part of the tree, itself first. */
export function parts(tree: Tree, into: Tree[] = []): Tree[] {
  into.push(tree)
  if (tree.kind === 'list') for (const item of tree.items) parts(item, into)
  else if (tree.kind === 'dictionary') for (const { value } of tree.pairs) parts(value, into)
  return into
}
