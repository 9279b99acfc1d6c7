/**
 * The routing table (BEP 5): buckets of K by shared prefix with our id, only our own bucket splits, each bucket
 * with a cache of replacements. Departs from the Kademlia paper: a failed contact is replaced at once where there
 * is a replacement, because on Mainline churn makes stale contacts the common case. Where a bucket is too small for all,
 * those whose ids follow from their addresses (BEP 42) have it.
 */

import { assert, type Endpoint, type Millis } from '@shoal/base'
import { isSameEndpoint, type NodeAddress } from '../id/address.ts'
import { commonPrefixLength, compareDistance, ID_BITS, isSameId, type NodeId } from '../id/node-id.ts'
import { Contact, type ContactInit } from './contact.ts'
import { type NodeRules, prefixOf } from './network-policy.ts'

/** BEP 5: contacts in a bucket. */
export const K = 8
const REPLACEMENTS_MAX = 8
/** Contacts of one prefix (/24 of IPv4, /64 of IPv6), where there is one a host. */
const PREFIX_MAX = 6
const PREFIX_PER_BUCKET_MAX = 2
/** These cover nearly all of the space: few contacts there are too few in any network. Next to our own bucket there may be no more. */
const FAR_BUCKETS = 4
const POOR = K / 2
/** A contact without a replacement is given up after so many unanswered queries in a row. */
const FAILURES_MAX = 2
/** While we hear nobody at all, the fault is rather ours: hold on to what we know for longer. */
const FAILURES_MAX_WHILE_DEAF = 5

interface Bucket {
  /** BOUNDED: K. */
  readonly live: Contact[]
  /** Answered us when the bucket was full; the freshest is last. BOUNDED: REPLACEMENTS_MAX, oldest out. */
  readonly replacements: Contact[]
}

/** What became of a node that answered; `suspect` is a contact to ping, since a newcomer wants its place. */
export type Insertion =
  | { readonly kind: 'known' | 'added' | 'refused'; readonly contact?: Contact }
  | { readonly kind: 'cached'; readonly suspect: Contact | undefined }

/** Above any first word of a distance. */
const INSECURE_RANK = 2 ** 32
const UNPROVEN_RANK = 2 ** 33

interface Wanted {
  readonly target: NodeId
  readonly count: number
  readonly except: Endpoint | undefined
  /** What stands before this is closer than anything in this bucket. */
  from: number
}

const REFUSED: Insertion = { kind: 'refused' }

export class RoutingTable {
  #ownId: NodeId
  #rules: NodeRules
  /** BOUNDED: 160 buckets of K contacts and as many replacements. */
  #buckets: Bucket[] = [newBucket()]
  /** Live contacts by compact address. BOUNDED: as the buckets. */
  readonly #byAddress = new Map<string, Contact>()
  /** Live contacts by host, where only one is allowed. BOUNDED: as the buckets. */
  readonly #byHost = new Map<string, Contact>()
  /** How many live contacts a prefix has, where few are allowed. BOUNDED: as the buckets. */
  readonly #ofPrefix = new Map<string, number>()

  /** Of those that `closest` has found so far: the first word of the distance, and above that how much worse it is than others. BOUNDED: as many as are wanted. */
  readonly #ranks: number[] = []

  constructor(ownId: NodeId, rules: NodeRules) {
    this.#ownId = ownId
    this.#rules = rules
  }

  get ownId(): NodeId {
    return this.#ownId
  }

  /** Hold for newcomers; who is in stays in. */
  setRules(rules: NodeRules): void {
    this.#rules = rules
  }

  /** We have another id: every contact moves to the bucket that it is in now, as far as there is room. */
  rehome(ownId: NodeId): void {
    const contacts = this.#buckets.flatMap(({ live, replacements }) => [...live, ...replacements])
    this.#ownId = ownId
    this.#buckets = [newBucket()]
    this.#byAddress.clear()
    this.#byHost.clear()
    this.#ofPrefix.clear()
    for (const contact of contacts) {
      if (isSameId(contact.id, ownId)) continue
      const { bucket } = this.#findRoom(contact.id)
      if (bucket.live.length < K && this.#isWelcome(bucket, contact)) this.#add(bucket, contact)
      else this.#cache(bucket, contact, contact.seenAt)
    }
  }

  get size(): number {
    return this.#byAddress.size
  }

  get depth(): number {
    return this.#buckets.length
  }

  contacts(): IterableIterator<Contact> {
    return this.#byAddress.values()
  }

  at(address: NodeAddress): Contact | undefined {
    return this.#byAddress.get(address.key)
  }

  /** The contact with this id at this endpoint: for every query that comes in, so without making a key. */
  find(id: NodeId, host: string, port: number): Contact | undefined {
    for (const contact of this.#bucketOf(id).live) {
      if (isSameId(contact.id, id)) {
        return contact.address.port === port && contact.address.host === host ? contact : undefined
      }
    }
    return undefined
  }

  /** Whether a node with this id would find a place, if it answered: worth a ping. One that came by itself proves little by that. */
  hasRoomFor(now: Millis, id: NodeId, isCaller = false): boolean {
    if (isSameId(id, this.#ownId)) return false
    const bucket = this.#bucketOf(id)
    if (bucket.live.length < K) return true
    for (const contact of bucket.live) {
      if (contact.isQuestionable(now) || (!contact.isProven && !isCaller)) return true
    }
    return bucket === this.#buckets.at(-1) && this.#buckets.length < ID_BITS
  }

  /** A node has answered us. Whether that proves it reachable depends on when we asked, and on whether it is one that called on us lately. */
  insert(
    now: Millis,
    id: NodeId,
    address: NodeAddress,
    { askedAt = now, isCaller = false }: { askedAt?: Millis; isCaller?: boolean } = {},
  ): Insertion {
    if (isSameId(id, this.#ownId)) return REFUSED
    const here = this.#byAddress.get(address.key)
    if (here !== undefined) {
      if (isSameId(here.id, id)) {
        here.answered(now, askedAt)
        return { kind: 'known', contact: here }
      }
      // One id per endpoint: nodes change theirs when they learn their external address.
      this.#remove(here)
    }
    if (!this.#makeWay(now, id, address)) return REFUSED
    const isSecure = this.#rules.isSecure(id, address)
    const { bucket } = this.#findRoom(id)
    const contact = takeCached(bucket, { id, address, init: { now, isSecure, isProven: !isCaller } })
    if (this.#isWelcome(bucket, contact)) {
      if (bucket.live.length >= K) this.#giveWay(bucket, contact)
      if (bucket.live.length < K) return this.#add(bucket, contact)
    }
    return { kind: 'cached', suspect: this.#cache(bucket, contact, now) }
  }

  /** The bucket of an id, after our own has been split as far as that makes room. */
  #findRoom(id: NodeId): { readonly bucket: Bucket } {
    for (;;) {
      const bucket = this.#bucketOf(id)
      const isOwn = bucket === this.#buckets.at(-1) && this.#buckets.length < ID_BITS
      if (bucket.live.length < K || !isOwn || bucket.live.some((contact) => contact.failures > 0)) return { bucket }
      this.#split(bucket)
    }
  }

  /** In a full bucket a failing contact makes room, or the least of those that are worth less than the newcomer. */
  #giveWay(bucket: Bucket, newcomer: Contact): void {
    const failing = bucket.live.find((contact) => contact.failures > 0)
    if (failing !== undefined) {
      this.#remove(failing)
      return
    }
    const least = bucket.live.reduce((worst, contact) => (worthOf(contact) < worthOf(worst) ? contact : worst))
    if (worthOf(least) >= worthOf(newcomer)) return
    this.#remove(least)
    this.#cache(bucket, least, least.seenAt)
  }

  /** Whether its host and prefix are not in the table too often already. */
  #isWelcome(bucket: Bucket, { address }: Contact): boolean {
    if (!this.#rules.onePerHost) return true
    if (this.#byHost.has(address.host)) return false
    const prefix = prefixOf(address)
    const inAll = this.#ofPrefix.get(prefix) ?? 0
    if (inAll < PREFIX_PER_BUCKET_MAX) return true
    if (inAll >= PREFIX_MAX) return false
    return bucket.live.filter((contact) => prefixOf(contact.address) === prefix).length < PREFIX_PER_BUCKET_MAX
  }

  /** A contact let a query time out; true where it lost its place. */
  fail(contact: Contact, isDeaf: boolean): boolean {
    if (this.#byAddress.get(contact.address.key) !== contact) return false
    contact.failures++
    const bucket = this.#bucketOf(contact.id)
    const most = isDeaf ? FAILURES_MAX_WHILE_DEAF : bucket.replacements.length > 0 ? 1 : FAILURES_MAX
    if (contact.failures < most) return false
    this.#remove(contact)
    this.#promote(bucket)
    return true
  }

  /**
   * The contacts closest to a target, closest first; those that failed lately are left out, and `except`, which need not hear of itself.
   * Buckets are already in order of distance: the target's own, all deeper ones together, then the shallower ones from the
   * deepest up; so only eight or so are compared. Of those at one such distance the proven go first, and of these the secure.
   */
  closest(target: NodeId, count: number, except?: Endpoint): readonly Contact[] {
    const out: Contact[] = []
    const own = this.#indexOf(target)
    const wanted = { target, count, except, from: 0 }
    this.#collect(own, out, wanted)
    if (out.length < count) {
      wanted.from = out.length
      for (let i = own + 1; i < this.#buckets.length; i++) this.#collect(i, out, wanted)
    }
    for (let i = own - 1; i >= 0 && out.length < count; i--) {
      wanted.from = out.length
      this.#collect(i, out, wanted)
    }
    return out
  }

  /** Inserts a bucket's contacts in order behind `from`, keeping `count` in all. */
  #collect(index: number, out: Contact[], { target, count, except, from }: Wanted): void {
    const ranks = this.#ranks
    for (const contact of (this.#buckets[index] as Bucket).live) {
      if (contact.failures > 0 || (except !== undefined && isSameEndpoint(contact.address, except))) continue
      const rank =
        ((contact.id.w0 ^ target.w0) >>> 0) +
        (contact.isSecure ? 0 : INSECURE_RANK) +
        (contact.isProven ? 0 : UNPROVEN_RANK)
      let at = out.length
      for (; at > from; at--) {
        const other = ranks[at - 1] as number
        if (rank > other || (rank === other && compareDistance(target, contact.id, (out[at - 1] as Contact).id) >= 0))
          break
      }
      if (at >= count) continue
      if (out.length < count) out.push(contact)
      for (let i = out.length - 1; i > at; i--) {
        out[i] = out[i - 1] as Contact
        ranks[i] = ranks[i - 1] as number
      }
      out[at] = contact
      ranks[at] = rank
    }
  }

  /** How many leading bits the ids of this contact's bucket share with ours, and whether the next one differs in all. */
  rangeOf(id: NodeId): { readonly bits: number; readonly isExact: boolean } {
    const bits = this.#indexOf(id)
    return { bits, isExact: bits < this.#buckets.length - 1 }
  }

  /** Whether another contact's id or host stands in the way; a failing one gives way. */
  #makeWay(now: Millis, id: NodeId, address: NodeAddress): boolean {
    const sameId = this.#bucketOf(id).live.find((contact) => isSameId(contact.id, id))
    const sameHost = this.#rules.onePerHost ? this.#byHost.get(address.host) : undefined
    for (const other of [sameId, sameHost]) {
      if (other === undefined || this.#byAddress.get(other.address.key) !== other) continue
      // An id moves only when its old endpoint is silent, else anybody could take a contact's place.
      if (!other.isQuestionable(now)) return false
      this.#remove(other)
    }
    return true
  }

  /** Leading bits in common with us of those regions in which we know few, though there should be more: our own neighbours may not know more. */
  poorRegions(): readonly number[] {
    const others = this.#buckets.length - 1
    const peopled = this.#buckets.slice(0, Math.max(others - 1, Math.min(FAR_BUCKETS, others)))
    return peopled.flatMap(({ live }, bits) => (live.length < POOR ? [bits] : []))
  }

  /** Whether we know nobody in the region that this id lies in. */
  isBlindTo(id: NodeId): boolean {
    return this.#bucketOf(id).live.every((contact) => contact.failures > 0)
  }

  #indexOf(id: NodeId): number {
    return Math.min(commonPrefixLength(this.#ownId, id), this.#buckets.length - 1)
  }

  #bucketOf(id: NodeId): Bucket {
    return this.#buckets[this.#indexOf(id)] as Bucket
  }

  #add(bucket: Bucket, contact: Contact): Insertion {
    assert(bucket.live.length < K, 'bucket overflow')
    bucket.live.push(contact)
    this.#byAddress.set(contact.address.key, contact)
    if (this.#rules.onePerHost) {
      const prefix = prefixOf(contact.address)
      this.#byHost.set(contact.address.host, contact)
      this.#ofPrefix.set(prefix, (this.#ofPrefix.get(prefix) ?? 0) + 1)
    }
    return { kind: 'added', contact }
  }

  #remove(contact: Contact): void {
    const { live } = this.#bucketOf(contact.id)
    live.splice(live.indexOf(contact), 1)
    this.#byAddress.delete(contact.address.key)
    if (this.#byHost.get(contact.address.host) !== contact) return
    this.#byHost.delete(contact.address.host)
    const prefix = prefixOf(contact.address)
    const others = (this.#ofPrefix.get(prefix) ?? 1) - 1
    if (others === 0) this.#ofPrefix.delete(prefix)
    else this.#ofPrefix.set(prefix, others)
  }

  /** Keeps a newcomer for later; returns the contact whose place it would take if that proves dead. */
  #cache(bucket: Bucket, contact: Contact, now: Millis): Contact | undefined {
    bucket.replacements.push(contact)
    if (bucket.replacements.length > REPLACEMENTS_MAX) bucket.replacements.shift()
    let suspect: Contact | undefined
    for (const other of bucket.live) {
      if (other.isQuestionable(now) && (suspect === undefined || other.seenAt < suspect.seenAt)) suspect = other
    }
    return suspect
  }

  /** Fills free places with the freshest replacements that may have them, those of most worth first. */
  #promote(bucket: Bucket): void {
    const { replacements } = bucket
    while (bucket.live.length < K && replacements.length > 0) {
      const most = replacements.reduce((best, contact) => (worthOf(contact) >= worthOf(best) ? contact : best))
      const contact = replacements.splice(replacements.indexOf(most), 1)[0] as Contact
      const isTaken =
        this.#byAddress.has(contact.address.key) || bucket.live.some((other) => isSameId(other.id, contact.id))
      if (!isTaken && this.#isWelcome(bucket, contact)) this.#add(bucket, contact)
    }
  }

  #split(bucket: Bucket): void {
    const bits = this.#buckets.length - 1
    const deeper = newBucket()
    this.#buckets.push(deeper)
    for (const list of ['live', 'replacements'] as const) {
      const stay = bucket[list].filter((contact) => commonPrefixLength(this.#ownId, contact.id) === bits)
      const move = bucket[list].filter((contact) => !stay.includes(contact))
      bucket[list].splice(0, Number.POSITIVE_INFINITY, ...stay)
      deeper[list].push(...move)
    }
  }
}

function newBucket(): Bucket {
  return { live: [], replacements: [] }
}

/** Being reached is worth more than a secure id. */
function worthOf({ isProven, isSecure }: Contact): number {
  return (isProven ? 2 : 0) + (isSecure ? 1 : 0)
}

/** The cached contact that this is, refreshed and taken out of the cache, or a new one. */
function takeCached(
  bucket: Bucket,
  { id, address, init }: { id: NodeId; address: NodeAddress; init: ContactInit },
): Contact {
  const at = bucket.replacements.findIndex((contact) => contact.address.key === address.key)
  const cached = at < 0 ? undefined : bucket.replacements.splice(at, 1)[0]
  if (cached === undefined || !isSameId(cached.id, id)) return new Contact(id, address, init)
  cached.heard(init.now)
  cached.isProven ||= init.isProven
  return cached
}
