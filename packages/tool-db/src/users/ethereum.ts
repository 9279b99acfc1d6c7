export { AccountError } from './account-error.ts'
export type { EthereumKeystore } from './ethereum-keystore.ts'
export { type EthereumAccount, ToolDbEthereumUser, ToolDbEthereumUser as default } from './ethereum-user.ts'
