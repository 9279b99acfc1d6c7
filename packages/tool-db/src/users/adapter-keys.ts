/** Any user adapter as a verifier: users and peer accounts may have any kind of key. */

import { isAddressText, isEcdsaAddress, type Verifier } from '@shoal/peer'
import { ToolDbEcdsaUser } from './ecdsa-user.ts'
import type { ToolDbUserAdapter } from './user-adapter.ts'

/** Adapters of other people may throw on foreign input: here that is false. */
export function verifierOf(adapter: ToolDbUserAdapter): Verifier {
  if (isOurs(adapter, 'verifySignature')) return adapter.verifier
  const isAddress = (text: string): boolean => isAddressFor(adapter, text)
  return {
    isAddress,
    verify: async (text, address, signature) => {
      if (!isAddress(address)) return false
      try {
        return (await adapter.verifySignature({ h: text, a: address, s: signature })) === true
      } catch {
        return false
      }
    },
  }
}

/**
 * The adapter's word on addresses. One that has none (those written for tool-db) is judged by its own address: of an
 * ECDSA or Ethereum key we know the form, of any other kind the length must at least be the same.
 */
export function isAddressFor(adapter: ToolDbUserAdapter, text: string): boolean {
  if (!isAddressText(text)) return false
  if (typeof adapter.isAddress === 'function') {
    try {
      return adapter.isAddress(text) === true
    } catch {
      return false
    }
  }
  const own = adapter.getAddress() ?? ''
  if (isEcdsaAddress(own)) return isEcdsaAddress(text)
  if (ETHEREUM_ADDRESS.test(own)) return ETHEREUM_ADDRESS.test(text)
  return text.length === own.length
}

export function signText(adapter: ToolDbUserAdapter, text: string): string | Promise<string> {
  return isOurs(adapter, 'signData') ? adapter.sign(text) : adapter.signData(text)
}

/** Our own keys, whose answers need no waiting; whoever extends the class and answers otherwise is asked as any other. */
function isOurs(adapter: ToolDbUserAdapter, method: 'signData' | 'verifySignature'): adapter is ToolDbEcdsaUser {
  return adapter instanceof ToolDbEcdsaUser && adapter[method] === ToolDbEcdsaUser.prototype[method]
}

const ETHEREUM_ADDRESS = /^0x[0-9a-fA-F]{40}$/
