/** A node of npm bittorrent-dht 11 that puts and gets items (BEP 44). Options: `bootstrap` (array of host:port, or false). */
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import DHT from 'bittorrent-dht'
import { emit, options, serveCommands } from './json-lines.mjs'

const SPKI = Buffer.from('302a300506032b6570032100', 'hex')
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

const publicKeyOf = (raw) => createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' })
const privateKeyOf = (seed) => createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })

const dht = new DHT({
  bootstrap: options.bootstrap ?? false,
  verify: (signature, message, publicKey) => verify(undefined, message, publicKeyOf(publicKey), signature),
})
dht.on('error', (error) => emit('error', { message: error.message }))
dht.on('ready', () => emit('ready', { contacts: dht.toJSON().nodes.length }))
dht.listen(options.port ?? 0, '127.0.0.1', () => emit('listening', dht.address()))

function put(item) {
  return new Promise((resolve, reject) => {
    dht.put(item, (error, target, nodes) => {
      if (error) reject(error)
      else resolve({ target: target.toString('hex'), nodes })
    })
  })
}

serveCommands(
  {
    putImmutable: (text) => put({ v: Buffer.from(text) }),
    putMutable: (text, seed, { seq, salt }) => {
      const key = privateKeyOf(Buffer.from(seed, 'hex'))
      const k = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
      const item = { k, v: Buffer.from(text), seq, sign: (message) => sign(undefined, message, key) }
      return put(salt === undefined ? item : { ...item, salt: Buffer.from(salt) })
    },
    get: (target, { salt } = {}) =>
      new Promise((resolve, reject) => {
        // What it put itself it would take from its own memory.
        dht.get(
          Buffer.from(target, 'hex'),
          { cache: false, ...(salt === undefined ? {} : { salt }) },
          (error, found) => {
            if (error) reject(error)
            else resolve(found === null ? null : { value: found.v.toString(), seq: found.seq ?? null })
          },
        )
      }),
    contacts: () => dht.toJSON().nodes,
  },
  () => new Promise((resolve) => dht.destroy(resolve)),
)
