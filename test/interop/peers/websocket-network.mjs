/**
 * A WebSocket network for npm tool-db, whose own is not published: written on its adapter base class, as its
 * documentation asks of networks. It keeps the base class's habits (no dialling again, no checks) on purpose.
 */
import { createRequire } from 'node:module'
import { WebSocket, WebSocketServer } from 'ws'

const require = createRequire(import.meta.url)
const { ToolDbNetworkAdapter } = require('tool-db')

export class WebSocketNetwork extends ToolDbNetworkAdapter {
  #server
  #sockets = new Set()

  constructor(db) {
    super(db)
    const { server, port, host, peers } = db.options
    if (server) {
      this.#server = new WebSocketServer({ host, port })
      this.#server.on('listening', () => db.emit('network-listening', this.#server.address().port))
      this.#server.on('connection', (socket) => this.#take(socket))
    }
    // Before its keys are there, a ping could not be signed.
    db.once('init', () => {
      for (const peer of peers) this.connectTo(peer.host, peer.port)
    })
  }

  connectTo(host, port) {
    const socket = new WebSocket(`ws://${host}:${port}`)
    this.#take(socket)
    socket.on('open', async () => socket.send(await this.craftPingMessage()))
    return socket
  }

  close() {
    for (const socket of this.#sockets) socket.terminate()
    return new Promise((resolve) => (this.#server ? this.#server.close(resolve) : resolve()))
  }

  #take(socket) {
    let clientId = ''
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      if (clientId === '') return
      this.tooldb.onPeerDisconnect(clientId)
      this.onClientDisconnect(clientId)
    })
    socket.on('message', (data) => {
      this.onClientMessage(data.toString(), clientId, (id) => {
        clientId = id
        this.isClientConnected[id] = () => socket.readyState === WebSocket.OPEN
        this.clientToSend[id] = (message) => socket.send(message)
      })
    })
  }
}
