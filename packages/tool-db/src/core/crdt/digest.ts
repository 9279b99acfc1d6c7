/**
 * Digests of changes, for the question whether one author's set holds another. Quick and small, and no more: whoever makes
 * two of his own changes collide fools nobody but himself.
 */

/** 53 bits of a text, as cyrb53 mixes them. */
export function digestOf(text: string): number {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    high = Math.imul(high ^ unit, 2_654_435_761)
    low = Math.imul(low ^ unit, 1_597_334_677)
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0)
}

/** In order, each once. */
export function digestsOf(texts: readonly string[]): Float64Array {
  return Float64Array.from(new Set(texts.map(digestOf))).sort()
}

export function hasDigest(digests: Float64Array, digest: number): boolean {
  let [from, to] = [0, digests.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((digests[middle] as number) < digest) from = middle + 1
    else to = middle
  }
  return digests[from] === digest
}

/** True where `outer` holds all of `inner`. */
export function contains(outer: Float64Array, inner: Float64Array): boolean {
  if (inner.length > outer.length) return false
  for (const digest of inner) if (!hasDigest(outer, digest)) return false
  return true
}
