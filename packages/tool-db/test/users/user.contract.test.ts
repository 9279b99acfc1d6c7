import { test } from 'vitest'
import { userContract } from '../../src/testing/index.ts'
import { ToolDbEcdsaUser } from '../../src/users/ecdsa-user.ts'
import { ToolDbEthereumUser } from '../../src/users/ethereum-user.ts'
import { TheirEcdsaUser } from '../records/golden.ts'

userContract({
  test,
  name: 'ECDSA',
  open: (host) => new ToolDbEcdsaUser(host),
  privateKeyOf: ({ priv }) => priv as string,
})

userContract({
  test,
  name: 'Ethereum',
  open: (host) => new ToolDbEthereumUser(host),
  privateKeyOf: ({ privateKey }) => privateKey as string,
})

// Of @tool-db/ecdsa-user the last rule is left out: it has no getAccountFromPrivate, so keysSignIn fails there.
userContract({
  test: (name, body) => test.skipIf(name.startsWith('[U-7]'))(name, body),
  name: '@tool-db/ecdsa-user',
  open: (host) => new TheirEcdsaUser(host),
  privateKeyOf: ({ priv }) => priv as string,
})
