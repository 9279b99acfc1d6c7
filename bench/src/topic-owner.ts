/** The owner of a swarm's topic, by the command; what the command can't do (certificates that end soon) is done here. */
import { createPrivateKey, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type OwnedTopic, requireTopic, signCertificate } from '@shoal/peer'
import type { Line, ShoalProcess, Swarm } from './shoal-process.ts'

/** What stands before the 32 bytes of a key in PKCS#8 (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

export class TopicOwner {
  readonly #keyFile: string
  readonly #swarm: Swarm
  readonly #topic: OwnedTopic
  /** By performance.now(): when the last certificate begins. */
  signedAt = 0

  /** Makes a topic, which the swarm is about from then on. */
  static async of(swarm: Swarm): Promise<TopicOwner> {
    const keyFile = join(swarm.directory, 'owner.key')
    swarm.topic = String((await swarm.run('topic', 'new', 'accept', '--key', keyFile).event('result'))['topic'])
    return new TopicOwner(swarm, keyFile)
  }

  private constructor(swarm: Swarm, keyFile: string) {
    this.#swarm = swarm
    this.#keyFile = keyFile
    this.#topic = requireTopic(swarm.topic) as OwnedTopic
  }

  /** Serves once to learn the peer id, and again with a certificate for it. */
  async certified(name: string, lastsMs = 86_400_000): Promise<ShoalProcess> {
    const first = this.#swarm.serve(name)
    const peerId = String((await first.event('listening'))['peerId'])
    await first.stop()
    const from = Date.now()
    this.signedAt = performance.now()
    const certificate = signCertificate(
      { peerId, from, until: from + lastsMs },
      { topic: this.#topic, sign: (message) => this.#sign(message) },
    )
    const file = join(this.#swarm.directory, `${name}.certificate`)
    writeFileSync(file, JSON.stringify(certificate))
    const server = this.#swarm.serve(name, '--certificate', file)
    await server.event('listening')
    return server
  }

  /** Gives when it was published. */
  revoke(peerId: string): Promise<Line> {
    const bootstrap = this.#swarm.bootstrap.join(',')
    return this.#swarm.run('topic', 'revoke', peerId, '--key', this.#keyFile, '--bootstrap', bootstrap).event('result')
  }

  /** Certificates of the command last days; these need not. */
  #sign(message: Uint8Array): Uint8Array {
    const { owner } = JSON.parse(readFileSync(this.#keyFile, 'utf8')) as { owner: string }
    const pkcs8 = Buffer.concat([PKCS8_PREFIX, Buffer.from(owner.slice(0, owner.indexOf(':')), 'hex')])
    return sign(undefined, message, createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }))
  }
}
