export type { TestFunction } from './check.ts'
export { type NetworkContractOptions, networkContract, type OpenedNetworks } from './network-contract.ts'
export { type OpenedStore, type StoreContractOptions, storeContract } from './store-contract.ts'
export { type UserContractOptions, userContract } from './user-contract.ts'
