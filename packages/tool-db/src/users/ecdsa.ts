export {
  openText as decryptWithPass,
  passwordKey as generateKeyFromPassword,
  sealText as encryptWithPass,
} from './account-cipher.ts'
export { AccountError } from './account-error.ts'
export {
  deriveSharedKey,
  type ECDHKeyPair,
  generateECDHKeyPair,
  importECDHPrivateKey,
  importECDHPublicKey,
} from './ecdh.ts'
export {
  type EcdsaAccount,
  type SealedEcdsaAccount,
  ToolDbEcdsaUser,
  ToolDbEcdsaUser as default,
} from './ecdsa-user.ts'
export { unwrapGroupKey, type WrappedGroupKey, wrapGroupKey } from './group-keys.ts'
export { decryptWithKey, type EncryptedData, encryptWithKey, importAESKey } from './key-cipher.ts'
export { generateIv, generateKeyPair, getCrypto } from './native-keys.ts'
