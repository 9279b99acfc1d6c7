/** The file of --user: one identity to write with, its private key as PKCS #8 in hex, as `keysSignIn` takes it. */

import { KeyPair } from '@shoal/peer'
import type { KeyFileKind } from './key-file.ts'

export const USER_FILE: KeyFileKind = {
  mark: 'user',
  field: 'privateKey',
  name: 'identity file',
  flag: '--user',
  make: async () => (await KeyPair.generate()).exportText().privateKey,
  check: (key) => KeyPair.fromPrivateKey(key),
}
