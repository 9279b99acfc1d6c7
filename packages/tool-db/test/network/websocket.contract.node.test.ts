import { test } from 'vitest'
import { WebSocketNetwork } from '../../src/network/websocket.ts'
import { networkContract } from '../../src/testing/index.ts'

networkContract({
  test,
  name: 'WebSocket',
  open: async () => ({
    server: new WebSocketNetwork({ listen: { port: 0, host: '127.0.0.1' } }),
    client: new WebSocketNetwork(),
    endpoint: (port) => ({ host: '127.0.0.1', port: port as number }),
  }),
})
