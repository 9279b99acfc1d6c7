/** A node of @shoal/dht with the commands of npm-items.mjs. Options: those of `Dht`. */
import { Dht } from '@shoal/dht'
import { emit, options, serveCommands } from './json-lines.mjs'

const dht = new Dht({ host: '127.0.0.1', network: 'private', bootstrap: [], mode: 'server', ...options })
const { ipv4 } = await dht.listening
emit('listening', { address: ipv4.address, port: ipv4.port })
dht.ready.then(() => emit('ready', { contacts: dht.contacts().length }))

serveCommands(
  {
    putImmutable: (text) => dht.put({ value: text }),
    putMutable: (text, seed, { seq, salt }) =>
      dht.put({
        value: text,
        key: Buffer.from(seed, 'hex'),
        ...(seq === undefined ? {} : { seq }),
        ...(salt === undefined ? {} : { salt }),
      }),
    get: async (target, { salt } = {}) => {
      const found = await dht.get(target, salt === undefined ? {} : { salt })
      return found === undefined ? null : { value: Buffer.from(found.value).toString(), seq: found.seq ?? null }
    },
    stored: () => dht.stats().items,
    contacts: () => dht.contacts(),
  },
  () => dht.close(),
)
