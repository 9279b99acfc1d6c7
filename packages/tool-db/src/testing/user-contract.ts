/**
 * What every user adapter must do. In one line, under any test runner:
 * `userContract({ test, name: 'mine', open: (host) => new MyUser(host), privateKeyOf: ({ key }) => key })`
 */

import { isAddressText, isFields, isSignatureText } from '@shoal/peer'
import type { ToolDbUserAdapter, UserAdapterHost } from '../users/user-adapter.ts'
import { check, checkEqual, type TestFunction } from './check.ts'

export interface UserContractOptions {
  readonly test: TestFunction
  /** Goes into the names of the tests. */
  readonly name: string
  readonly open: (host: UserAdapterHost) => ToolDbUserAdapter
  /** Of an open account, as `decryptAccount` gives it, the text that `keysSignIn` takes. */
  readonly privateKeyOf: (account: { readonly [field: string]: unknown }) => string
}

const HOST: UserAdapterHost = { logger: () => undefined }
const TEXT = '36433a6f2356501e08b024d9441c78b5ae18c001df2cbffc278fe9feddebf198'
const PASSWORD = '4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631'
const UNPRINTABLE = ['', 'x', '0x', '\u0000', '=', 'zz'.repeat(64), '0'.repeat(128), '😀', 'a'.repeat(10_000)]

export function userContract(options: UserContractOptions): void {
  identity(options)
  signing(options)
  accounts(options)
}

type Body = (user: ToolDbUserAdapter, another: () => Promise<ToolDbUserAdapter>) => Promise<void>

function suite(options: UserContractOptions): (rule: string, sentence: string, body: Body) => void {
  const fresh = async (): Promise<ToolDbUserAdapter> => {
    const user = options.open(HOST)
    await user.anonUser()
    return user
  }
  return (rule, sentence, body) => {
    options.test(`[${rule}] ${options.name}: ${sentence}`, async () => body(await fresh(), fresh))
  }
}

function addressOf(user: ToolDbUserAdapter): string {
  const address = user.getAddress()
  check(isAddressText(address), 'an address of 1 to 128 printable characters without a dot')
  return address as string
}

/** Adapters may throw on foreign input: that counts as a no. */
async function holds(user: ToolDbUserAdapter, message: { h?: string; a?: string; s?: string }): Promise<boolean> {
  try {
    return (await user.verifySignature(message)) === true
  } catch {
    return false
  }
}

function identity(options: UserContractOptions): void {
  const rule = suite(options)
  rule('U-1', 'a new user has keys and an address of its own, all addresses one length', async (user, another) => {
    const before = addressOf(user)
    const other = addressOf(await another())
    await user.anonUser()
    const after = addressOf(user)
    check(before !== other && before !== after && after !== other, 'three users, three addresses')
    checkEqual([other.length, after.length], [before.length, before.length], 'the lengths')
    check(typeof user.getUsername() === 'string', 'a user has a name to show')
  })
  rule('U-2', 'an adapter that says what an address is says yes to addresses in their one form alone', async (user) => {
    if (user.isAddress === undefined) return
    const address = addressOf(user)
    check(user.isAddress(address), 'its own is one')
    for (const text of [...UNPRINTABLE, `${address}0`, address.slice(1), ` ${address}`, `${address}\n`]) {
      check(!user.isAddress(text), `no address: ${JSON.stringify(text.slice(0, 100))}`)
    }
  })
}

function signing(options: UserContractOptions): void {
  const rule = suite(options)
  rule('U-3', 'what one signs, any other verifies, and of another text or author nothing', async (user, another) => {
    const other = await another()
    const a = addressOf(user)
    const s = await user.signData(TEXT)
    check(isSignatureText(s), 'a signature of 1 to 512 printable characters')
    for (const judge of [user, other]) {
      check(await holds(judge, { h: TEXT, a, s }), 'the signature holds')
      check(!(await holds(judge, { h: `${TEXT}0`, a, s })), 'not for another text')
      check(!(await holds(judge, { h: TEXT, a: addressOf(other), s })), 'not for another author')
    }
    const theirs = await other.signData(TEXT)
    check(!(await holds(user, { h: TEXT, a, s: theirs })), 'nor does another’s')
  })
  rule('U-4', 'no garbage is a signature, and none ends the program', async (user) => {
    const a = addressOf(user)
    const s = await user.signData(TEXT)
    for (const garbage of [...UNPRINTABLE, s.slice(2), s + s, [...s].reverse().join('')]) {
      check(!(await holds(user, { h: TEXT, a, s: garbage })), `no signature: ${JSON.stringify(garbage.slice(0, 100))}`)
      check(!(await holds(user, { h: TEXT, a: garbage, s })), `no author: ${JSON.stringify(garbage.slice(0, 100))}`)
    }
    for (const message of [{}, { h: TEXT }, { h: TEXT, a }, { a, s }, { h: TEXT, s }]) {
      check(!(await holds(user, message)), `nothing holds of ${Object.keys(message).join(', ') || 'nothing'}`)
    }
  })
}

function accounts(options: UserContractOptions): void {
  const rule = suite(options)
  rule(
    'U-5',
    'a sealed account goes through JSON and makes the same user of another adapter',
    async (user, another) => {
      const sealed: unknown = JSON.parse(JSON.stringify(await user.encryptAccount(PASSWORD)))
      const other = await another()
      await other.setUser(await other.decryptAccount(sealed, PASSWORD), 'ada')
      checkEqual(other.getAddress(), user.getAddress(), 'the address')
      const s = await other.signData(TEXT)
      check(await holds(user, { h: TEXT, a: addressOf(user), s }), 'its signature is the user’s')
    },
  )
  rule('U-6', 'a wrong password, and what is no account, open nothing', async (user, another) => {
    const sealed = await user.encryptAccount(PASSWORD)
    const other = await another()
    const before = other.getAddress()
    const attempts = [
      [sealed, 'other'],
      [{}, PASSWORD],
      [null, PASSWORD],
      ['text', PASSWORD],
    ] as const
    for (const [account, password] of attempts) {
      let opened: unknown
      try {
        opened = await other.decryptAccount(account, password)
      } catch {
        continue
      }
      check(opened === undefined || opened === null, 'a rejection, or nothing')
    }
    checkEqual(other.getAddress(), before, 'who the adapter is')
  })
  rule('U-7', 'a private key as text makes the same user', async (user, another) => {
    const account: unknown = await user.decryptAccount(await user.encryptAccount(PASSWORD), PASSWORD)
    check(isFields(account), 'an open account is an object')
    const other = await another()
    const opened = await other.getAccountFromPrivate(options.privateKeyOf(account as Record<string, unknown>))
    await other.setUser(opened, 'ada')
    checkEqual(other.getAddress(), user.getAddress(), 'the address')
  })
}
