/**
 * People with Ethereum keys instead of accounts of their own: the address is who one is. All of a swarm, servers included, have
 * the same kind of users.
 *
 * PORT and STORE say where the server listens and stores.
 */

import ToolDbEthereumUser from '@shoal/tool-db/users/ethereum'
import { ToolDb } from 'shoal'

const topic = 'ethereum-users'
const port = Number(process.env['PORT'] ?? 9000)
const storageName = process.env['STORE'] ?? 'ethereum-users'
const userAdapter = ToolDbEthereumUser

const server = new ToolDb({ server: true, host: '127.0.0.1', port, topic, storageName, userAdapter })
await server.ready
const client = new ToolDb({ topic, userAdapter, peers: [{ host: '127.0.0.1', port }] })

// The private key of a wallet, 64 hex digits; this one is from the standard for keystores, and nobody's.
const privateKey = '0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d'
await client.keysSignIn(privateKey, 'somebody')
console.log(`Signed in as ${client.userAccount.getAddress()}`)

await client.putData('profile', { name: 'somebody' }, true, { confirm: 1 })
console.log(`Stored: ${JSON.stringify(await server.getData(client.getUserNamespacedKey('profile')))}`)

// A keystore as wallets have it, and back.
const keystore = await client.userAccount.encryptAccount('a password')
const account = await client.userAccount.decryptAccount(keystore, 'a password')
console.log(`The keystore holds the key: ${(account as { privateKey: string }).privateKey === privateKey}`)

await Promise.all([client.close(), server.close()])
