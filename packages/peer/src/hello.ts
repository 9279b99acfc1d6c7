/** The `shoal` field of `ping` and `pong`, by which two shoal peers recognise each other (tool-db ignores it). */

import { type Certificate, parseCertificate } from './certificate.ts'
import { isAddressText, isFields, type Parsed, parsed, rejected } from './parsed.ts'

export const HELLO_VERSION = 1

/** 32 random bytes in hex, fresh for every connection. */
export const NONCE_BYTES = 32
/** 16 random bytes in hex, fresh for every running process. */
export const INSTANCE_BYTES = 16
export const FEATURES_MAX = 32

export interface Hello {
  readonly v: number
  /** In the order sent, which is signed. Unknown ones are kept: the proof covers the whole list. */
  readonly features: readonly string[]
  readonly nonce: string
  readonly instance: string
  readonly address: string
  /** Feature `encrypt`: the dialler's first Noise message, in hex. */
  readonly noise?: string
  /** On a topic with an owner: that the peer is one of its servers. */
  readonly certificate?: Certificate
}

/** The first message of XX is a public key of 32 bytes; one with a pre-shared key has a tag of 16 besides. */
const NOISE_OFFER_BYTES = { min: 32, max: 48 }

/** A field that is there and malformed is a rejection, not a plain peer: else anybody could be made to look plain. */
export function parseHello(input: unknown): Parsed<Hello> {
  if (!isFields(input)) return rejected('hello-shape')
  const { v, features, nonce, instance, address, noise, certificate } = input
  if (typeof v !== 'number' || !Number.isInteger(v) || v < 1 || v > 1_000) return rejected('hello-version')
  if (!isFeatureList(features)) return rejected('hello-features')
  if (!isHex(nonce, NONCE_BYTES)) return rejected('hello-nonce')
  if (!isHex(instance, INSTANCE_BYTES)) return rejected('hello-instance')
  if (!isAddressText(address)) return rejected('hello-address')
  if (noise !== undefined && !isOffer(noise)) return rejected('hello-noise')
  const certified = certificate === undefined ? undefined : parseCertificate(certificate)
  if (certified?.ok === false) return certified
  return parsed({
    v,
    features: [...features],
    nonce,
    instance,
    address,
    ...(noise !== undefined && { noise }),
    ...(certified !== undefined && { certificate: certified.value }),
  })
}

/** Features that both sides named: only these are used. */
export function sharedFeatures(a: Pick<Hello, 'features'>, b: Pick<Hello, 'features'>): ReadonlySet<string> {
  return new Set(a.features.filter((feature) => b.features.includes(feature)))
}

function isFeatureList(input: unknown): input is readonly string[] {
  if (!Array.isArray(input) || input.length > FEATURES_MAX) return false
  // No comma can be inside, so the joined list that is signed can be split in one way only.
  if (!input.every((feature) => typeof feature === 'string' && /^[a-z][a-z0-9-]{0,31}$/.test(feature))) return false
  return new Set(input).size === input.length
}

function isOffer(input: unknown): input is string {
  const bytes = typeof input === 'string' ? input.length / 2 : 0
  return (
    Number.isInteger(bytes) && bytes >= NOISE_OFFER_BYTES.min && bytes <= NOISE_OFFER_BYTES.max && isHex(input, bytes)
  )
}

function isHex(input: unknown, bytes: number): input is string {
  return typeof input === 'string' && input.length === 2 * bytes && /^[0-9a-f]*$/.test(input)
}
