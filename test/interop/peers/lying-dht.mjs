/**
 * A DHT node that lies: it answers every query, and names as nodes and as peers only what it was told to. Options: `host`, `port`,
 * `nodes` and `peers` (arrays of [IPv4 address, port]). On the same port it counts TCP connections, as a victim of such lies does.
 */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { emit, options, serveCommands } from './json-lines.mjs'

const { host, port, nodes = [], peers = [] } = options

const compact = ([address, at]) => String.fromCharCode(...address.split('.').map(Number), at >> 8, at & 255)
const bencoded = (text) => `${text.length}:${text}`
const idOf = (byte) => String.fromCharCode(byte).repeat(20)

const known = nodes.map((node, i) => idOf(1 + i) + compact(node)).join('')
const values = peers.map((peer) => bencoded(compact(peer))).join('')
const told = `2:id${bencoded(idOf(200))}5:nodes${bencoded(known)}5:token${bencoded('lies')}6:valuesl${values}e`

let datagrams = 0
let connections = 0
const socket = createSocket('udp4')
socket.on('message', (bytes, from) => {
  datagrams++
  const query = bytes.toString('latin1')
  const length = Number(/1:t(\d+):/.exec(query.slice(query.lastIndexOf('1:t')))?.[1])
  if (!query.includes('1:y1:q') || !(length > 0)) return
  const at = query.lastIndexOf(`1:t${length}:`) + `1:t${length}:`.length
  const answer = `d1:rd${told}e1:t${bencoded(query.slice(at, at + length))}1:y1:re`
  socket.send(Buffer.from(answer, 'latin1'), from.port, from.address)
})
const server = createServer((connection) => {
  connections++
  connection.destroy()
})
socket.bind(port, host, () => server.listen(port, host, () => emit('listening', { host, port })))

serveCommands({ heard: () => ({ datagrams, connections }) }, () => {
  socket.close()
  server.close()
})
