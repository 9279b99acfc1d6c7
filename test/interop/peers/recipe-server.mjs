/**
 * The recipe's server: `toolDb` and `discovery` say whose ('npm' or 'shoal'). It stores, announces its port on the
 * topic, and connects to the servers it finds.
 */
import { channelOf, channelOptions } from './channel-of.mjs'
import { emit, options, serveCommands } from './json-lines.mjs'
import { toolDbOf } from './tool-db-of.mjs'

const myIp = '127.0.0.1'
const { ToolDb, adapters } = await toolDbOf({ from: options.toolDb })
const DC = await channelOf(options.discovery)

const toolDbServer = new ToolDb({
  server: true,
  topic: options.topic,
  host: myIp,
  port: options.port,
  storageName: 'server',
  ...adapters,
})
await toolDbServer.ready
toolDbServer.on('put', (message) => emit('put', { key: message.data.k, value: message.data.v }))

const channel = DC(channelOptions(options))
channel.join(options.topic, options.port, () => emit('announced'))
channel.on('peer', (_id, peer) => {
  emit('peer', { host: peer.host, port: peer.port })
  if (!(myIp === peer.host && options.port === peer.port)) toolDbServer.network.connectTo(peer.host, peer.port)
})

serveCommands(
  { get: (key) => toolDbServer.getData(key) },
  async () => {
    await new Promise((resolve) => channel.destroy(resolve))
    await toolDbServer.network.close?.()
    await toolDbServer.close()
  },
  { isOurs: options.toolDb === 'shoal' && options.discovery === 'shoal' },
)
emit('ready')
