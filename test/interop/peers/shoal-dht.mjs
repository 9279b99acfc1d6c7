/** A node of @shoal/dht with the commands of npm-dht.mjs. Options: those of `Dht`. */
import { Dht } from '@shoal/dht'
import { emit, options, serveCommands } from './json-lines.mjs'

const dht = new Dht({
  host: '127.0.0.1',
  network: 'private',
  bootstrap: [],
  ...options,
  mode: options.mode ?? 'server',
})
const { ipv4, ipv6 } = await dht.listening
emit('listening', ipv4 ?? ipv6)
dht.ready.then(() => emit('ready', { contacts: dht.contacts().length }))

serveCommands(
  {
    announce: (infoHash, port) => dht.announce(infoHash, { port }),
    lookup: async (infoHash) => {
      const lookup = dht.lookup(infoHash)
      const peers = new Set()
      for await (const peer of lookup)
        peers.add(peer.family === 'ipv6' ? `[${peer.host}]:${peer.port}` : `${peer.host}:${peer.port}`)
      return { peers: [...peers], summary: await lookup.summary }
    },
    contacts: () => dht.contacts(),
    stats: () => dht.stats(),
    ping: (endpoint) => dht.ping(endpoint),
  },
  () => dht.close(),
  { isOurs: true },
)
