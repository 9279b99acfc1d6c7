/** Real messages by the grammar of BEP 5, 32, 33, 42, 43, 44 and 51, with the values that make a difference: known hashes, tokens that hold. */

import { fromLatin1, latin1, type RandomSource, randomBelow, utf8 } from '@shoal/base'
import { signedMessage } from '../../src/core/item/item.ts'
import { type ItemSigner, signerOf } from '../../src/node/ed25519.ts'
import { type Plain, type Tree, treeOf } from './tree.ts'

/** What a message is made for: the sender's token, and the query that it may answer. */
export interface Occasion {
  readonly token: string
  readonly transaction: string
}

const HASHES = 64
const ITEMS = 24

export class Grammar {
  readonly #random: RandomSource
  readonly #hashes: string[]
  /** Signed ones among them; made once, because signing is slow. */
  readonly #items: Promise<Plain[]>
  #signed: readonly Plain[] = []

  constructor(random: RandomSource) {
    this.#random = random
    this.#hashes = Array.from({ length: HASHES }, () => latin1(random.bytes(20)))
    this.#items = Promise.all(Array.from({ length: ITEMS }, (_, i) => this.#sign(i)))
  }

  async prepare(): Promise<void> {
    this.#signed = await this.#items
  }

  query(occasion: Occasion): Tree {
    const method = this.#one([
      'ping',
      'find_node',
      'get_peers',
      'announce_peer',
      'get',
      'put',
      'sample_infohashes',
      'vote',
    ])
    return treeOf({
      a: { id: this.#id(), ...this.#arguments(method, occasion) },
      q: method,
      ro: this.#sometimes(8, () => randomBelow(this.#random, 2)),
      t: occasion.transaction,
      v: this.#sometimes(2, () => 'LT\x01\x02'),
      y: 'q',
    })
  }

  response(occasion: Occasion): Tree {
    return treeOf({
      ip: this.#sometimes(2, () => this.#compact()),
      r: {
        BFpe: this.#sometimes(16, () => this.#bytes(256)),
        BFsd: this.#sometimes(16, () => this.#bytes(256)),
        id: this.#id(),
        interval: this.#sometimes(16, () => 600),
        k: this.#sometimes(16, () => this.#bytes(32)),
        nodes: this.#sometimes(2, () => this.#repeat(8, () => this.#bytes(20) + this.#compact())),
        nodes6: this.#sometimes(6, () => this.#repeat(8, () => this.#bytes(38))),
        num: this.#sometimes(16, () => 3),
        samples: this.#sometimes(16, () => this.#repeat(20, () => this.#bytes(20))),
        seq: this.#sometimes(16, () => randomBelow(this.#random, 100)),
        sig: this.#sometimes(16, () => this.#bytes(64)),
        token: this.#sometimes(2, () => this.#bytes(1 + randomBelow(this.#random, 20))),
        v: this.#sometimes(16, () => 'an item'),
        values: this.#sometimes(3, () =>
          Array.from({ length: 1 + randomBelow(this.#random, 30) }, () => this.#compact()),
        ),
      },
      t: occasion.transaction,
      y: 'r',
    })
  }

  error(occasion: Occasion): Tree {
    const code = this.#one([201, 202, 203, 204, 205, 206, 207, 301, 302])
    return treeOf({ e: [code, 'no'], t: occasion.transaction, y: 'e' })
  }

  #arguments(method: string, { token }: Occasion): { readonly [key: string]: Plain | undefined } {
    const want = this.#sometimes(6, () => this.#one<Plain>([['n4'], ['n6'], ['n4', 'n6'], ['x']]))
    switch (method) {
      case 'find_node':
        return { target: this.#hash(), want }
      case 'get_peers':
        return {
          info_hash: this.#hash(),
          noseed: this.#sometimes(8, () => 1),
          scrape: this.#sometimes(8, () => 1),
          want,
        }
      case 'announce_peer':
        return {
          implied_port: this.#sometimes(3, () => 1),
          info_hash: this.#hash(),
          port: 1 + randomBelow(this.#random, 65_535),
          seed: this.#sometimes(4, () => 1),
          token,
        }
      case 'get':
        return { seq: this.#sometimes(6, () => randomBelow(this.#random, 40)), target: this.#hash(), want }
      case 'put':
        return { ...(this.#one(this.#signed) as { readonly [key: string]: Plain }), token }
      case 'sample_infohashes':
        return { target: this.#hash(), want }
      default:
        return {}
    }
  }

  /** The arguments of a put: every third is immutable, the others are signed under few keys and many numbers. */
  async #sign(index: number): Promise<Plain> {
    const value = `${index}`.repeat(1 + randomBelow(this.#random, 450))
    if (index % 3 === 0) return { v: value }
    const salt = index % 2 === 0 ? '' : 'salt'
    const signer: ItemSigner = signerOf(new Uint8Array(32).fill(1 + (index % 4)))
    const encoded = utf8(`${value.length}:${value}`)
    const signature = await signer.sign(signedMessage(fromLatin1(salt), BigInt(index), encoded))
    const proof = { k: latin1(signer.publicKey), seq: index, sig: latin1(signature), v: value }
    return salt === '' ? proof : { ...proof, salt, cas: index % 5 === 0 ? index - 1 : undefined }
  }

  /** Few ids and many: contacts that are met again, and strangers. */
  #id(): string {
    return randomBelow(this.#random, 2) === 0 ? this.#hash() : this.#bytes(20)
  }

  #hash(): string {
    return randomBelow(this.#random, 4) === 0 ? this.#bytes(20) : this.#one(this.#hashes)
  }

  /** A public address and a port. */
  #compact(): string {
    return `\x2d${this.#bytes(5)}`
  }

  #bytes(length: number): string {
    return latin1(this.#random.bytes(length))
  }

  #repeat(most: number, make: () => string): string {
    return Array.from({ length: randomBelow(this.#random, most + 1) }, make).join('')
  }

  #one<T>(values: readonly T[]): T {
    return values[randomBelow(this.#random, values.length)] as T
  }

  #sometimes<T>(in_: number, make: () => T): T | undefined {
    return randomBelow(this.#random, in_) === 0 ? make() : undefined
  }
}
