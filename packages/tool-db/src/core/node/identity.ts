/**
 * Ourselves as others see us: the endpoint that we sign, made anew when it changes or grows old, and the hello of
 * each new connection.
 */

import { type Endpoint, MINUTE, type Millis } from '@shoal/base'
import { endpointDigest, HELLO_VERSION, type Hello, NONCE_BYTES, type SignedEndpoint } from '@shoal/peer'
import { BATCH_FRAME_SIZE_MIN } from '../wire/batch.ts'
import type { NodeConfig } from './config.ts'
import type { Kernel } from './kernel.ts'
import type { Feature } from './peer.ts'

/** Fresh enough to say that we are still there. */
const SIGNED_LIFETIME: Millis = 10 * MINUTE

/**
 * What a client signs, whom nobody can dial: tool-db wants a host and a port in every ping. An unspecified address is
 * dialled by no one.
 */
const NOWHERE: Endpoint = { host: '0.0.0.0', port: 1 }

export class Identity {
  readonly #kernel: Kernel
  readonly #config: NodeConfig
  readonly #features: readonly Feature[]
  #endpoint: Endpoint | undefined
  #signed: SignedEndpoint | undefined
  /** BOUNDED: by the sessions, each of which waits once. */
  #waiting: ((signed: SignedEndpoint | undefined) => void)[] | undefined

  /** `features`: what we have in each connection. */
  constructor(kernel: Kernel, config: NodeConfig, features: readonly Feature[]) {
    this.#kernel = kernel
    this.#config = config
    this.#features = features
  }

  get address(): string {
    return this.#config.peerAddress
  }

  get clientId(): string {
    return this.#config.peerAddress.slice(-20)
  }

  get instance(): string {
    return this.#config.instance
  }

  /** Where we can be reached; `undefined` for a client, and for a server that does not know it yet. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint
  }

  setEndpoint(endpoint: Endpoint | undefined): void {
    this.#endpoint = endpoint
    this.#signed = undefined
  }

  /** Gives our signed endpoint, or `undefined` where signing failed. */
  sign(then: (signed: SignedEndpoint | undefined) => void): void {
    const held = this.#signed
    const { now } = this.#kernel
    // One from before the clock was set back would be refused as from the future.
    if (held !== undefined && held.timestamp > now - SIGNED_LIFETIME && held.timestamp <= now) {
      then(held)
      return
    }
    if (this.#waiting !== undefined) {
      this.#waiting.push(then)
      return
    }
    this.#waiting = [then]
    const place = this.#endpoint ?? NOWHERE
    const unsigned = {
      topic: this.#config.topicPublicId,
      timestamp: Math.floor(this.#kernel.now),
      host: place.host,
      port: place.port,
    }
    const text = endpointDigest(unsigned, this.#kernel.sha256)
    this.#kernel.ask('sign', { signer: 'peer', text }, (result) => {
      const signed = result.ok ? { ...unsigned, address: this.address, sig: result.value } : undefined
      // Where the endpoint changed meanwhile, this one still serves those who wait, and is not kept.
      if (place === (this.#endpoint ?? NOWHERE)) this.#signed = signed
      const waiting = this.#waiting ?? []
      this.#waiting = undefined
      for (const each of waiting) each(signed)
    })
  }

  /** `more`: features that this one connection has besides. */
  hello(more: readonly string[] = []): Hello {
    // Whoever takes only short frames is sent each message by itself.
    const mayBatch = this.#kernel.limits.messageSizeMax >= BATCH_FRAME_SIZE_MIN
    const features = mayBatch ? this.#features : this.#features.filter((feature) => feature !== 'batch')
    const { membership } = this.#config
    const certificate = membership.kind === 'certified' ? membership.certificate : undefined
    return {
      v: HELLO_VERSION,
      features: [...features, ...more],
      nonce: this.#kernel.randomHex(NONCE_BYTES),
      instance: this.instance,
      address: this.address,
      ...(certificate !== undefined && { certificate }),
    }
  }
}
