export type { TestFunction } from './check.ts'
export { type OpenedStore, type StoreContractOptions, storeContract } from './store-contract.ts'
