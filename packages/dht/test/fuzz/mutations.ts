/** What turns a real message into a hostile one: first in its tree, where every known key meets every wrong value, then in its bytes. */

import { fromLatin1, type RandomSource, randomBelow } from '@shoal/base'
import { type Pair, parts, type Tree, treeOf, written } from './tree.ts'

const KNOWN_KEYS = [
  ...[
    'a',
    'e',
    'q',
    'r',
    't',
    'y',
    'v',
    'ip',
    'ro',
    'id',
    'target',
    'info_hash',
    'token',
    'port',
    'implied_port',
    'nodes',
  ],
  ...[
    'nodes6',
    'values',
    'want',
    'k',
    'sig',
    'seq',
    'cas',
    'salt',
    'scrape',
    'noseed',
    'seed',
    'samples',
    'num',
    'interval',
  ],
  ...['BFsd', 'BFpe', 'bs', '', '__proto__', 'constructor'],
]
const ODD_DIGITS = [
  ...['0', '-0', '-1', '1', '00', '01', '', '-', '65535', '65536', '9007199254740993', '9223372036854775807'],
  ...['9223372036854775808', '-9223372036854775808', '99999999999999999999999999', '1.5', '1e3'],
]
const ODD_LENGTHS = [
  0, 1, 2, 4, 5, 6, 7, 8, 18, 19, 20, 21, 25, 26, 27, 31, 32, 33, 38, 63, 64, 65, 255, 256, 257, 1_000, 1_001,
]
const DEPTHS = [1, 3, 14, 15, 16, 17, 400]

export class Mutator {
  readonly #random: RandomSource

  constructor(random: RandomSource) {
    this.#random = random
  }

  /** The message as bytes: half of them as they are in their tree, half changed there; some then damaged as bytes. */
  bytesOf(tree: Tree): Uint8Array {
    for (let changes = this.#below(4); changes > 0 && this.#below(3) > 0; changes--) this.#changeTree(tree)
    const bytes = fromLatin1(written(tree))
    return this.#below(5) === 0 ? this.damaged(bytes) : bytes
  }

  damaged(bytes: Uint8Array): Uint8Array {
    let out = bytes
    for (let changes = 1 + this.#below(3); changes > 0; changes--) out = this.#changeBytes(out)
    return out
  }

  #changeTree(tree: Tree): void {
    const all = parts(tree)
    const part = all[this.#below(all.length)] as Tree
    switch (part.kind) {
      case 'dictionary':
        this.#changePairs(part.pairs)
        return
      case 'list':
        if (this.#below(2) === 0) part.items.splice(this.#below(part.items.length + 1), 0, this.#oddValue())
        else part.items.splice(this.#below(part.items.length + 1), 1)
        return
      case 'integer':
        part.digits = this.#one(ODD_DIGITS)
        return
      case 'text':
        part.text = this.#oddText(part.text)
    }
  }

  #changePairs(pairs: Pair[]): void {
    const at = this.#below(pairs.length + 1)
    const pair = pairs[at]
    switch (this.#below(6)) {
      case 0:
        pairs.splice(at, 1)
        return
      case 1:
        pairs.splice(at, 0, { key: this.#one(KNOWN_KEYS), value: this.#oddValue() })
        return
      case 2:
        if (pair) pairs.splice(this.#below(pairs.length + 1), 0, { ...pair, value: this.#oddValue() })
        return
      case 3:
        if (pair) pair.key = this.#one(KNOWN_KEYS)
        return
      case 4:
        pairs.reverse()
        return
      default:
        if (pair) pair.value = this.#oddValue()
    }
  }

  #oddValue(): Tree {
    switch (this.#below(7)) {
      case 0:
        return { kind: 'integer', digits: this.#one(ODD_DIGITS) }
      case 1:
        return treeOf([])
      case 2:
        return treeOf({})
      case 3:
        return treeOf(['n4', 'n6', 6, ['n4'], '\x2d\x01\x02\x03\x04\x05'])
      case 4:
        return this.#nested()
      default:
        return { kind: 'text', text: this.#oddText('') }
    }
  }

  #nested(): Tree {
    let tree: Tree = treeOf('deep')
    for (let depth = this.#one(DEPTHS); depth > 0; depth--) {
      tree =
        depth % 2 === 0 ? { kind: 'list', items: [tree] } : { kind: 'dictionary', pairs: [{ key: 'a', value: tree }] }
    }
    return tree
  }

  #oddText(text: string): string {
    switch (this.#below(4)) {
      case 0:
        return 'x'.repeat(this.#one(ODD_LENGTHS))
      case 1:
        return text.slice(0, this.#below(text.length + 1))
      case 2:
        return text + text
      default:
        return `${text}${String.fromCharCode(this.#below(256))}`
    }
  }

  #changeBytes(bytes: Uint8Array): Uint8Array {
    const at = this.#below(bytes.length + 1)
    switch (this.#below(5)) {
      case 0:
        return bytes.slice(0, at)
      case 1: {
        const out = bytes.slice()
        if (at < out.length) out[at] = this.#below(256)
        return out
      }
      case 2: {
        const out = bytes.slice()
        // A neighbour: another digit, letter or mark.
        if (at < out.length) out[at] = ((out[at] as number) + this.#one([-1, 1])) & 0xff
        return out
      }
      case 3: {
        const length = this.#below(30)
        return new Uint8Array([...bytes.subarray(0, at), ...this.#random.bytes(length), ...bytes.subarray(at)])
      }
      default:
        return new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + 1 + this.#below(8))])
    }
  }

  #below(bound: number): number {
    return randomBelow(this.#random, bound)
  }

  #one<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T
  }
}
