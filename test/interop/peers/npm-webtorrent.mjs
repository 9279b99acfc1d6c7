/** npm webtorrent 1.x that finds others on the DHT alone. Options: `bootstrap` (array of host:port), `folder`. */
import WebTorrent from 'webtorrent'
import { emit, options, serveCommands } from './json-lines.mjs'

const client = new WebTorrent({
  dht: { bootstrap: options.bootstrap },
  tracker: false,
  lsd: false,
  utPex: false,
  utp: false,
  natUpnp: false,
})
client.on('error', (error) => emit('error', { message: error.message }))
client.dht.on('ready', () => emit('ready', { contacts: client.dht.toJSON().nodes.length }))

serveCommands(
  {
    seed: (text) =>
      new Promise((resolve) => {
        const content = Object.assign(Buffer.from(text), { name: 'content' })
        const torrent = client.seed(content, { announceList: [], path: options.folder }, ({ infoHash }) =>
          resolve({ infoHash }),
        )
        torrent.on('dhtAnnounce', () => emit('announced'))
      }),
    download: (infoHash) =>
      new Promise((resolve, reject) => {
        client.add(`magnet:?xt=urn:btih:${infoHash}`, { announce: [], path: options.folder }, (torrent) => {
          torrent.on('done', () =>
            torrent.files[0].getBuffer((error, bytes) => (error ? reject(error) : resolve({ text: String(bytes) }))),
          )
        })
      }),
  },
  () => new Promise((resolve) => client.destroy(resolve)),
)
