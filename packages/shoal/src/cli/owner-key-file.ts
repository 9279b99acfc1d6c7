/**
 * The file of a topic's owner: the Ed25519 seed (RFC 8032) that signs for its servers, and the topic's name. Whoever has it
 * says who serves the topic.
 */

import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto'
import { fromHex, toHex } from '@shoal/base'
import { type OwnedTopic, ownedTopic } from '@shoal/peer'
import { CommandError } from './exit.ts'
import { openKeyFile } from './key-file.ts'
import type { Output } from './output.ts'

const SEED_BYTES = 32
const PUBLIC_KEY_BYTES = 32
/** What stands before the 32 bytes of a key in PKCS#8 (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

export interface TopicOwner {
  readonly topic: OwnedTopic
  readonly seed: Uint8Array
  sign(message: Uint8Array): Uint8Array
}

/** With a name it is made where it is missing; the owner of another topic is refused. */
export async function openOwner(file: string, output: Output, name?: string): Promise<TopicOwner> {
  const { key, created, exposed } = await openKeyFile(file, {
    mark: 'topic-owner',
    field: 'owner',
    name: "owner's key file",
    flag: '--key',
    make: async () => {
      if (name === undefined) {
        throw new CommandError(`there is no ${file}: give the file that "shoal topic new NAME --key FILE" has made`)
      }
      return `${toHex(randomBytes(SEED_BYTES))}:${name}`
    },
    check: async (text) => ownerOf(text),
  })
  if (exposed) output.warn(`others can read the key in ${file}: run chmod 600 on it`)
  const owner = ownerOf(key)
  if (name !== undefined && owner.topic.name !== name) {
    throw new CommandError(`${file} is the key of another topic: give a file that does not exist yet with --key`)
  }
  if (created) output.note(`made a new key in ${file}: whoever has it says who serves the topic`)
  return owner
}

/** Throws where it is none. */
function ownerOf(text: string): TopicOwner {
  const colon = text.indexOf(':')
  const seed = fromHex(text.slice(0, colon))
  if (seed?.length !== SEED_BYTES) throw new Error(`a seed has ${SEED_BYTES} bytes`)
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  return {
    topic: ownedTopic(text.slice(colon + 1), publicKeyOf(key)),
    seed,
    sign: (message) => Uint8Array.from(sign(undefined, message, key)),
  }
}

function publicKeyOf(key: KeyObject): Uint8Array {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return Uint8Array.from(spki.subarray(-PUBLIC_KEY_BYTES))
}
