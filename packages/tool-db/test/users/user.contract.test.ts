import { test } from 'vitest'
import { userContract } from '../../src/testing/index.ts'
import { ToolDbEcdsaUser } from '../../src/users/ecdsa-user.ts'
import { ToolDbEthereumUser } from '../../src/users/ethereum-user.ts'
import type { ToolDbUserAdapter, UserAdapterHost } from '../../src/users/user-adapter.ts'
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

const Theirs = TheirEcdsaUser as new (host: UserAdapterHost) => ToolDbUserAdapter
const usersMade = new WeakMap<ToolDbUserAdapter, Promise<void>>()

/** The constructor of theirs makes a user that arrives later than it returns, and would displace one that was made meanwhile. */
class InOrder extends Theirs {
  override async anonUser(): Promise<void> {
    const made = (usersMade.get(this) ?? Promise.resolve()).then(() => super.anonUser())
    usersMade.set(this, made)
    await made
  }
}

// Of @tool-db/ecdsa-user the last rule is left out: it has no getAccountFromPrivate, so keysSignIn fails there.
userContract({
  test: (name, body) => {
    if (!name.startsWith('[U-7]')) test(name, body)
  },
  name: '@tool-db/ecdsa-user',
  open: (host) => new InOrder(host),
  privateKeyOf: ({ priv }) => priv as string,
})
