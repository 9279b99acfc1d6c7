import { EcdsaVerifier } from '@shoal/peer'
import { expect, test } from 'vitest'
import { isAddressFor, signText, verifierOf } from '../../src/users/adapter-keys.ts'
import { ToolDbEcdsaUser } from '../../src/users/ecdsa-user.ts'
import { ToolDbUserAdapter } from '../../src/users/user-adapter.ts'
import { golden, goldenRecords, TheirEcdsaUser } from '../records/golden.ts'

const host = { logger: () => undefined }

async function adapters(): Promise<ToolDbUserAdapter[]> {
  const both: ToolDbUserAdapter[] = [new ToolDbEcdsaUser(host), new TheirEcdsaUser(host)]
  for (const adapter of both) await adapter.anonUser()
  return both
}

test('[R-39] any user adapter serves as verifier, also the published one', async () => {
  for (const adapter of await adapters()) {
    const address = adapter.getAddress() as string
    const verifier = verifierOf(adapter)
    const sig = await adapter.signData('text')
    expect(await verifier.verify('text', address, sig)).toBe(true)
    expect(await new EcdsaVerifier().verify('text', address, sig)).toBe(true)
    expect(await verifier.verify('other', address, sig)).toBe(false)
    for (const { message } of goldenRecords) {
      expect(await verifier.verify(message.data.h, message.data.a, message.data.s)).toBe(true)
    }
  }
})

test('[R-39] an adapter that throws or answers oddly on foreign input is a false', async () => {
  for (const adapter of await adapters()) {
    const verifier = verifierOf(adapter)
    for (const address of ['', 'x', 'x'.repeat(86), 'A'.repeat(86), `${golden.user.address}A`]) {
      expect(await verifier.verify('t', address, 'zz')).toBe(false)
    }
    expect(await verifier.verify('t', golden.user.address, 'zz')).toBe(false)
  }
  class Odd extends ToolDbUserAdapter {
    override getAddress(): string {
      return 'abc'
    }
    override verifySignature(message: { readonly s?: string }): Promise<boolean> {
      if (message.s === 'throw') throw new Error('odd')
      return Promise.resolve('yes' as never)
    }
  }
  const odd = verifierOf(new Odd(host))
  expect(await odd.verify('t', 'abc', 'throw')).toBe(false)
  expect(await odd.verify('t', 'abc', 'x')).toBe(false)
  class Picky extends Odd {
    override isAddress(): boolean {
      throw new Error('picky')
    }
  }
  const picky = verifierOf(new Picky(host))
  expect(picky.isAddress('abc')).toBe(false)
  expect(await picky.verify('t', 'abc', 'x')).toBe(false)
})

test('[T-121] our own keys answer at once, and agree with the methods that wait', async () => {
  const ours = new ToolDbEcdsaUser(host)
  await ours.anonUser()
  const address = ours.getAddress() as string
  const sig = signText(ours, 'text')
  expect(verifierOf(ours).verify('text', address, sig as string)).toBe(true)
  expect(verifierOf(ours).verify('other', address, sig as string)).toBe(false)
  expect(verifierOf(ours).verify('text', address, 'zz')).toBe(false)
  expect(await ours.verifySignature({ h: 'text', a: address, s: sig as string })).toBe(true)
})

test('[T-121] who extends our adapter and answers otherwise is asked', async () => {
  class Strict extends ToolDbEcdsaUser {
    override verifySignature(): Promise<boolean> {
      return Promise.resolve(false)
    }
    override signData(): Promise<string> {
      return Promise.resolve('theirs')
    }
  }
  const strict = new Strict(host)
  await strict.anonUser()
  expect(await signText(strict, 'text')).toBe('theirs')
  const address = strict.getAddress() as string
  expect(await verifierOf(strict).verify('text', address, strict.sign('text') as string)).toBe(false)
})

test('[R-14] where an adapter does not say what an address is, its own address does', async () => {
  class Fixed extends ToolDbUserAdapter {
    readonly own: string
    constructor(own: string) {
      super(host)
      this.own = own
    }
    override getAddress(): string {
      return this.own
    }
  }
  const ecdsa = new Fixed(golden.peer.address)
  expect(isAddressFor(ecdsa, golden.user.address)).toBe(true)
  expect(isAddressFor(ecdsa, golden.user.address.replace(/.$/, 'B'))).toBe(false)
  const ethereum = new Fixed('0x2B77E580c991fcbB0fC7D8FaAFd6aC8d95575517')
  expect(isAddressFor(ethereum, `0x${'ab'.repeat(20)}`)).toBe(true)
  for (const wrong of [golden.user.address, `0x${'ab'.repeat(21)}`, `1x${'ab'.repeat(20)}`, `0x${'zz'.repeat(20)}`]) {
    expect(isAddressFor(ethereum, wrong)).toBe(false)
  }
  const own = new Fixed('did:key:zabc')
  expect(isAddressFor(own, 'did:key:zxyz')).toBe(true)
  expect(isAddressFor(own, 'did:key:zxyzz')).toBe(false)
  expect(isAddressFor(own, 'did.key:zxyz')).toBe(false)
  expect(isAddressFor(new Fixed(''), '')).toBe(false)
})
