/**
 * What is meant by everything that begins with a text, found by key without searching a list: a radix tree, each branch labelled
 * with what its prefixes have in common. A key is compared once from front to end, however many prefixes there are and however
 * they were chosen.
 */

interface Branch<T> {
  label: string
  /** Of the prefix that ends here. */
  values: Set<T> | undefined
  /** By the first UTF-16 unit of their labels. */
  readonly branches: Map<string, Branch<T>>
}

export class PrefixIndex<T> {
  /** BOUNDED: by whoever adds; two branches for each prefix at most. */
  readonly #root: Branch<T> = newBranch('')
  #size = 0

  /** How many prefixes there are. */
  get size(): number {
    return this.#size
  }

  add(prefix: string, value: T): void {
    let branch = this.#root
    let at = 0
    while (at < prefix.length) {
      branch = this.#grow(branch, prefix, at)
      at += branch.label.length
    }
    if (branch.values === undefined) {
      branch.values = new Set()
      this.#size++
    }
    branch.values.add(value)
  }

  remove(prefix: string, value: T): void {
    const path = [this.#root]
    for (let at = 0; at < prefix.length; ) {
      const next = path.at(-1)?.branches.get(prefix.charAt(at))
      if (next === undefined || !prefix.startsWith(next.label, at)) return
      path.push(next)
      at += next.label.length
    }
    const branch = path.pop() as Branch<T>
    if (branch.values?.delete(value) !== true || branch.values.size > 0) return
    branch.values = undefined
    this.#size--
    const parent = path.pop()
    if (parent === undefined) return
    fold(parent, branch)
    const grandparent = path.pop()
    if (grandparent !== undefined) fold(grandparent, parent)
  }

  hasMatch(key: string): boolean {
    return this.#size > 0 && this.matches(key).next().done !== true
  }

  /** The shortest prefix first. */
  *matches(key: string): Generator<T, void, undefined> {
    let branch: Branch<T> | undefined = this.#root
    let at = 0
    while (branch !== undefined) {
      if (branch.values !== undefined) yield* branch.values
      branch = branch.branches.get(key.charAt(at))
      if (branch === undefined || !key.startsWith(branch.label, at)) return
      at += branch.label.length
    }
  }

  /** The next branch on the way to `prefix`, split where the two part. */
  #grow(branch: Branch<T>, prefix: string, at: number): Branch<T> {
    const first = prefix.charAt(at)
    const next = branch.branches.get(first)
    if (next === undefined) {
      const leaf = newBranch<T>(prefix.slice(at))
      branch.branches.set(first, leaf)
      return leaf
    }
    const shared = sharedLength(next.label, prefix, at)
    if (shared === next.label.length) return next
    const middle = newBranch<T>(next.label.slice(0, shared))
    next.label = next.label.slice(shared)
    middle.branches.set(next.label.charAt(0), next)
    branch.branches.set(first, middle)
    return middle
  }
}

function newBranch<T>(label: string): Branch<T> {
  return { label, values: undefined, branches: new Map() }
}

/** A branch at which no prefix ends goes, or becomes one with the only one behind it. */
function fold<T>(parent: Branch<T>, branch: Branch<T>): void {
  if (branch.values !== undefined || branch.branches.size > 1) return
  const first = branch.label.charAt(0)
  const [only] = branch.branches.values()
  if (only === undefined) {
    parent.branches.delete(first)
    return
  }
  only.label = branch.label + only.label
  parent.branches.set(first, only)
}

function sharedLength(label: string, text: string, at: number): number {
  const most = Math.min(label.length, text.length - at)
  let length = 0
  while (length < most && label.charCodeAt(length) === text.charCodeAt(at + length)) length++
  return length
}
