/**
 * All items of a store in order, with the hash of any range at hand: a B+-tree whose nodes know the number of what is below them, and
 * its set hash from when that was first asked for until something changes. A change costs O(log n) and no hashing at all, so that
 * a million records that come one after the other are hashed once; the fingerprint of a range costs O(log n), half a leaf of hashing
 * at each end, and the leaves that have changed since the last time.
 *
 * A million items take about 50 MB where they came nearly in order, else up to 85: 40 bytes each, and 512 of hash for each leaf.
 */

import { assert, type Hash } from '@shoal/base'
import { ItemLeaf, LEAF_ITEMS } from './item-leaf.ts'
import { SetHash } from './set-hash.ts'
import { END, ID_BYTES, idOf, type Place, packItem, type SyncItem, unpackItem } from './sync-item.ts'

/** Ranges up to this length are hashed as lists, */
const LISTED_MAX = 512
/** and so many listed items cost about as much as one that is expanded. */
const LISTED_PER_WORK = 16
/** Children of one branch. */
const BRANCH_CHILDREN = 32
/**
 * Records mostly come in the order of their time, or nearly: a full leaf that grows here is split so near its end that it stays
 * almost full. Leaves split in halves stay half full.
 */
const NEAR_END = LEAF_ITEMS * 0.75
const SPLIT_NEAR_END = LEAF_ITEMS * 0.875

interface Branch {
  readonly kind: 'branch'
  /** Absent since the last change below. */
  hash: SetHash | undefined
  count: number
  /** BOUNDED: BRANCH_CHILDREN, else it is split. */
  readonly children: Node[]
}

type Node = Branch | ItemLeaf

export interface Fingerprint {
  readonly count: number
  /** SHA-256 over the set hash and the count, or over the ids of a short range. */
  readonly bytes: Uint8Array
  /** What it cost, counted in items expanded. */
  readonly work: number
}

export class ItemTree {
  readonly #sha256: Hash
  /** BOUNDED: by the records of the store, one item each. */
  #root: Node = new ItemLeaf()

  constructor(sha256: Hash) {
    this.#sha256 = sha256
  }

  get size(): number {
    return this.#root.count
  }

  has(item: SyncItem): boolean {
    return this.holds(packItem(item))
  }

  /** False where it was there already. */
  insert(item: SyncItem): boolean {
    return this.insertPacked(packItem(item))
  }

  /** False where it was not there. */
  remove(item: SyncItem): boolean {
    return this.removePacked(packItem(item))
  }

  holds(packed: Uint8Array): boolean {
    let node = this.#root
    while (node.kind === 'branch') node = node.children[childFor(node, packed)] as Node
    return node.hasAt(node.rank(packed), packed)
  }

  /** The item is copied. */
  insertPacked(packed: Uint8Array): boolean {
    const outcome = insertInto(this.#root, packed)
    if (outcome === 'held') return false
    if (outcome !== 'fits') this.#root = branchOf([this.#root, outcome])
    return true
  }

  removePacked(packed: Uint8Array): boolean {
    if (!removeFrom(this.#root, packed)) return false
    while (this.#root.kind === 'branch' && this.#root.children.length === 1) this.#root = this.#root.children[0] as Node
    return true
  }

  /** How many items are smaller than the place. */
  rank(place: Place): number {
    if (place === END) return this.size
    let rank = 0
    let node = this.#root
    while (node.kind === 'branch') {
      const index = childFor(node, place)
      for (let i = 0; i < index; i++) rank += (node.children[i] as Node).count
      node = node.children[index] as Node
    }
    return rank + node.rank(place)
  }

  /** The packed item of that rank, a view that is good until the next change. */
  packedAt(rank: number): Uint8Array {
    assert(rank >= 0 && rank < this.size, 'a rank within the tree')
    let left = rank
    let node = this.#root
    while (node.kind === 'branch') {
      let index = 0
      for (; left >= (node.children[index] as Node).count; index++) left -= (node.children[index] as Node).count
      node = node.children[index] as Node
    }
    return node.at(left)
  }

  /** The items of ranks `from` to `to` (excluded), in order. */
  items(from: number, to: number): SyncItem[] {
    const items: SyncItem[] = []
    walk(this.#root, from, to, (leaf, first, last) => {
      for (let i = first; i < last; i++) items.push(unpackItem(leaf.at(i)))
    })
    return items
  }

  /**
   * Of the items of ranks `from` to `to` (excluded). A short range is hashed as the list of its ids, which is cheaper than a sum of
   * expanded ones; equal ranges have equal lengths, so both sides choose alike.
   */
  fingerprint(from: number, to: number): Fingerprint {
    const count = to - from
    if (count <= LISTED_MAX)
      return { count, bytes: this.#sha256(this.#listOf(from, to)), work: count / LISTED_PER_WORK }
    const hash = new SetHash()
    const work = this.#addHash(this.#root, from, to, hash)
    const lanes = hash.bytes()
    const hashed = new Uint8Array(lanes.length + 8)
    hashed.set(lanes)
    new DataView(hashed.buffer).setFloat64(lanes.length, count)
    return { count, bytes: this.#sha256(hashed), work }
  }

  #listOf(from: number, to: number): Uint8Array {
    const list = new Uint8Array((to - from) * ID_BYTES)
    let at = 0
    walk(this.#root, from, to, (leaf, first, last) => {
      for (let i = first; i < last; i++, at += ID_BYTES) list.set(idOf(leaf.at(i)), at)
    })
    return list
  }

  /** Hashes what has changed, at most about so many items of it; true once nothing is left. */
  settle(workMax: number): boolean {
    this.#settle(this.#root, workMax)
    return this.#root.hash !== undefined
  }

  #settle(node: Node, workMax: number): number {
    if (node.hash !== undefined) return 0
    if (node.kind === 'leaf') return this.#hashLeaf(node)
    let work = 0
    for (const child of node.children) {
      if (work >= workMax) return work
      work += this.#settle(child, workMax - work)
    }
    if (node.children.every(({ hash }) => hash !== undefined)) this.#hashBranch(node)
    return work
  }

  #hashLeaf(leaf: ItemLeaf): number {
    leaf.hash = new SetHash()
    leaf.addItems(0, leaf.count, leaf.hash)
    return leaf.count
  }

  #hashBranch(branch: Branch): void {
    branch.hash = new SetHash()
    for (const { hash } of branch.children) branch.hash.addAll(hash as SetHash)
  }

  #addHash(node: Node, from: number, to: number, into: SetHash): number {
    if (from >= to) return 0
    if (from === 0 && to === node.count) {
      const work = this.#settle(node, Number.POSITIVE_INFINITY)
      into.addAll(node.hash as SetHash)
      return work
    }
    if (node.kind === 'leaf') return this.#addPart(node, from, to, into)
    let work = 0
    let start = 0
    for (const child of node.children) {
      const end = start + child.count
      work += this.#addHash(child, Math.max(from, start) - start, Math.min(to, end) - start, into)
      start = end
    }
    return work
  }

  /** What is inside, or all but what is outside, whichever is less. */
  #addPart(leaf: ItemLeaf, from: number, to: number, into: SetHash): number {
    const inside = to - from
    if (inside * 2 <= leaf.count) {
      leaf.addItems(from, to, into)
      return inside
    }
    const work = this.#settle(leaf, Number.POSITIVE_INFINITY)
    into.addAll(leaf.hash as SetHash)
    leaf.subtractItems(0, from, into)
    leaf.subtractItems(to, leaf.count, into)
    return work + leaf.count - inside
  }
}

/** The node that had to be split off behind this one, where it did not fit; `held`: nothing has changed. */
type Inserted = 'held' | 'fits' | Node

function insertInto(node: Node, packed: Uint8Array): Inserted {
  if (node.kind === 'leaf') return insertIntoLeaf(node, packed)
  const index = childFor(node, packed)
  const outcome = insertInto(node.children[index] as Node, packed)
  if (outcome === 'held') return outcome
  node.count++
  node.hash = undefined
  if (outcome === 'fits') return outcome
  node.children.splice(index + 1, 0, outcome)
  joinWithNeighbour(node.children, index + 1)
  if (node.children.length <= BRANCH_CHILDREN) return 'fits'
  const atEnd = index + 1 === BRANCH_CHILDREN
  const behind = branchOf(node.children.splice(atEnd ? BRANCH_CHILDREN : BRANCH_CHILDREN / 2))
  node.count -= behind.count
  return behind
}

function insertIntoLeaf(leaf: ItemLeaf, packed: Uint8Array): Inserted {
  const rank = leaf.rank(packed)
  if (leaf.hasAt(rank, packed)) return 'held'
  if (leaf.count < LEAF_ITEMS) {
    leaf.insertAt(rank, packed)
    return 'fits'
  }
  const behind = leaf.split(rank >= NEAR_END ? SPLIT_NEAR_END : LEAF_ITEMS / 2)
  if (rank > leaf.count) behind.insertAt(rank - leaf.count, packed)
  else leaf.insertAt(rank, packed)
  return behind
}

/** False where it was not there: nothing has changed. */
function removeFrom(node: Node, packed: Uint8Array): boolean {
  if (node.kind === 'leaf') {
    const rank = node.rank(packed)
    if (!node.hasAt(rank, packed)) return false
    node.removeAt(rank)
    return true
  }
  const index = childFor(node, packed)
  if (!removeFrom(node.children[index] as Node, packed)) return false
  node.count--
  node.hash = undefined
  joinWithNeighbour(node.children, index)
  return true
}

/** Keeps nodes from thinning out: what is less than a quarter full goes to a neighbour that has room. */
function joinWithNeighbour(children: Node[], index: number): void {
  const child = children[index] as Node
  if (fill(child) >= 0.25) return
  for (const left of [index - 1, index]) {
    const [front, behind] = [children[left], children[left + 1]]
    if (front === undefined || behind === undefined || fill(front) + fill(behind) > 0.75) continue
    if (front.kind === 'leaf' && behind.kind === 'leaf') front.append(behind)
    else if (front.kind === 'branch' && behind.kind === 'branch') {
      front.children.push(...behind.children)
      front.count += behind.count
      front.hash = undefined
    }
    children.splice(left + 1, 1)
    return
  }
  if (child.count === 0 && children.length > 1) children.splice(index, 1)
}

function fill(node: Node): number {
  return node.kind === 'leaf' ? node.count / LEAF_ITEMS : node.children.length / BRANCH_CHILDREN
}

function branchOf(children: Node[]): Branch {
  let count = 0
  for (const child of children) count += child.count
  return { kind: 'branch', hash: undefined, count, children }
}

/** The child that the place falls into: the last one that begins at or before it, else the first. */
function childFor(branch: Branch, place: Uint8Array): number {
  let low = 1
  let high = branch.children.length
  // Most come behind all others.
  if (compareFirst(branch.children[high - 1] as Node, place) <= 0) return high - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareFirst(branch.children[middle] as Node, place) <= 0) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Of the first item of a node with a place. */
function compareFirst(node: Node, place: Uint8Array): number {
  let first = node
  while (first.kind === 'branch') first = first.children[0] as Node
  return first.compare(0, place)
}

type LeafVisit = (leaf: ItemLeaf, first: number, last: number) => void

function walk(node: Node, from: number, to: number, visit: LeafVisit): void {
  if (from >= to) return
  if (node.kind === 'leaf') {
    visit(node, from, to)
    return
  }
  let start = 0
  for (const child of node.children) {
    const end = start + child.count
    walk(child, Math.max(from, start) - start, Math.min(to, end) - start, visit)
    start = end
  }
}
