/** The recipe's client: it knows the topic, never announces, connects to each server it finds, and then writes. */
import { channelOf, channelOptions } from './channel-of.mjs'
import { emit, options, serveCommands } from './json-lines.mjs'
import { toolDbOf } from './tool-db-of.mjs'

const { ToolDb, adapters } = await toolDbOf({ from: options.toolDb })
const DC = await channelOf(options.discovery)

const toolDbClient = new ToolDb({ server: false, topic: options.topic, storageName: 'client', ...adapters })
await toolDbClient.ready
await toolDbClient.anonSignIn()
toolDbClient.onConnect = () => emit('connect')

const peers = []
const channel = DC(channelOptions(options))
channel.join(options.topic)
channel.on('peer', (_id, peer) => {
  if (peers.map((p) => `${p.host}:${p.port}`).includes(`${peer.host}:${peer.port}`)) return
  peers.push(peer)
  emit('peer', { host: peer.host, port: peer.port })
  toolDbClient.network.connectTo(peer.host, peer.port)
})

serveCommands(
  {
    put: async (key, value) => {
      await toolDbClient.putData(key, value)
    },
    get: (key) => toolDbClient.getData(key),
  },
  async () => {
    await new Promise((resolve) => channel.destroy(resolve))
    await toolDbClient.network.close?.()
    await toolDbClient.close()
  },
  { isOurs: options.toolDb === 'shoal' && options.discovery === 'shoal' },
)
emit('ready')
