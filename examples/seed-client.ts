/**
 * The client of the recipe "NodeJs DHT discovery", in its own shape. It knows a topic and nothing else; it announces
 * nothing, connects to every server it finds, writes one value, reads it back from them and ends.
 *
 * SHOAL_BOOTSTRAP=host:port,… points it at a private DHT; TOPIC says the topic.
 */

import DC from '@shoal/discovery-channel'
import { ToolDb } from 'shoal'

const topic = process.env['TOPIC'] ?? 'myswarmtopic'
const bootstrap = process.env['SHOAL_BOOTSTRAP']?.split(',')

const toolDbClient = new ToolDb({ server: false, topic })
await toolDbClient.ready

const peers: { host: string; port: number }[] = []
const channel = DC(bootstrap ? { dht: { bootstrap }, dns: false } : {})
// No port: we do not announce ourselves.
channel.join(topic)

channel.on('peer', (_id, peer) => {
  // The same peer may be found again.
  if (peers.some(({ host, port }) => host === peer.host && port === peer.port)) return
  peers.push(peer)
  console.log(`Server peer found: ${peer.host}:${peer.port}`)
  toolDbClient.network.connectTo(peer.host, peer.port)
})

toolDbClient.onConnect = async () => {
  console.log('Connected')
  await toolDbClient.putData('hello', { from: 'someone with only a topic' })
  console.log(`Read: ${JSON.stringify(await toolDbClient.getData('hello'))}`)
  channel.destroy()
  await toolDbClient.close()
}
