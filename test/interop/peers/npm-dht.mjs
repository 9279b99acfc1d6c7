/** A node of npm bittorrent-dht 11. Options: `bootstrap` (array of host:port, or false), `host`, `port`. */
import DHT from 'bittorrent-dht'
import { emit, options, serveCommands } from './json-lines.mjs'

const dht = new DHT({ bootstrap: options.bootstrap ?? false })
dht.on('error', (error) => emit('error', { message: error.message }))
dht.on('ready', () => emit('ready', { contacts: dht.toJSON().nodes.length }))
dht.on('announce', (peer, infoHash) => emit('announce', { ...peer, infoHash: infoHash.toString('hex') }))
dht.listen(options.port ?? 0, options.host ?? '127.0.0.1', () => {
  const { address, port } = dht.address()
  emit('listening', { address, port, nodeId: dht.nodeId.toString('hex') })
})

serveCommands(
  {
    announce: (infoHash, port) =>
      new Promise((resolve, reject) => {
        dht.announce(infoHash, port, (error, nodes) => (error ? reject(error) : resolve({ nodes })))
      }),
    lookup: (infoHash) =>
      new Promise((resolve, reject) => {
        const peers = []
        const onPeer = (peer, hash) => {
          if (hash.toString('hex') === infoHash) peers.push(`${peer.host}:${peer.port}`)
        }
        dht.on('peer', onPeer)
        dht.lookup(infoHash, (error, nodes) => {
          dht.off('peer', onPeer)
          if (error) reject(error)
          else resolve({ nodes, peers: [...new Set(peers)] })
        })
      }),
    contacts: () => dht.toJSON().nodes,
  },
  () => new Promise((resolve) => dht.destroy(resolve)),
)
