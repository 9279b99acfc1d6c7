/** A discovery channel of either maker (`from`), driven by commands. */
import { channelOf, channelOptions } from './channel-of.mjs'
import { emit, options, serveCommands } from './json-lines.mjs'

const DC = await channelOf(options.from)
const channel = DC(channelOptions(options))
channel.on('peer', (id, peer, type) => {
  emit('peer', { idIsBuffer: Buffer.isBuffer(id), topic: id.toString(), host: peer.host, port: peer.port, type })
})
channel.on('error', (error) => emit('error', { message: error.message }))
channel.on('warn', (error) => emit('warn', { message: error.message }))

serveCommands(
  {
    join: (topic, port) =>
      new Promise((resolve, reject) => {
        channel.join(topic, port, (error) => (error ? reject(error) : resolve()))
      }),
    leave: (topic, port) => channel.leave(topic, port),
    list: () => channel.list().map(({ id, port }) => ({ topic: id.toString(), port })),
  },
  () => new Promise((resolve) => channel.destroy(resolve)),
  { isOurs: options.from === 'shoal' },
)
emit('ready')
