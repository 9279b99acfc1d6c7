/**
 * The server of the recipe "NodeJs DHT discovery", in its own shape: the database and the discovery are two things, and the
 * program carries what the one finds to the other. (With `discovery: true` the database does that itself: five-lines.ts.)
 *
 * SHOAL_BOOTSTRAP=host:port,… points it at a private DHT; TOPIC, HOST, PORT and STORE say the rest.
 */

import DC from '@shoal/discovery-channel'
import { ToolDb } from 'shoal'

const topic = process.env['TOPIC'] ?? 'myswarmtopic'
const myIp = process.env['HOST'] ?? '127.0.0.1'
const myPort = Number(process.env['PORT'] ?? 9000)
const bootstrap = process.env['SHOAL_BOOTSTRAP']?.split(',')

const toolDbServer = new ToolDb({
  server: true,
  topic,
  host: myIp,
  port: myPort,
  storageName: process.env['STORE'] ?? 'seed-server',
})
await toolDbServer.ready
console.log(`Listening on ${myIp}:${myPort}`)

const channel = DC(bootstrap ? { dht: { bootstrap }, dns: false } : {})
// A port announces: other peers can reach us there.
channel.join(topic, myPort)

channel.on('peer', (_id, peer) => {
  // The same address with another port is another server, so both are compared. What slips through (a name, another
  // address of this machine) ends at the handshake: nobody stays connected to oneself.
  if (peer.host === myIp && peer.port === myPort) return
  console.log(`DHT peer found: ${peer.host}:${peer.port}`)
  toolDbServer.network.connectTo(peer.host, peer.port)
})

toolDbServer.onPeerConnect = (peerId) => console.log(`Connected: ${peerId}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    channel.destroy()
    void toolDbServer.close()
  })
}
