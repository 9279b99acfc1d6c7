/** A process of its own, running the build: what a database holds open, and lets go. */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const BUILD = new URL('../../dist/index.js', import.meta.url).href

function run(script: string): Promise<{ code: number | null; output: string; errors: string }> {
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd })
  let output = ''
  let errors = ''
  child.stdout.on('data', (data) => (output += data))
  child.stderr.on('data', (data) => (errors += data))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output, errors })))
}

test('[T-84] after close() nothing keeps the process alive', async () => {
  const result = await run(`
    import { ToolDb } from ${JSON.stringify(BUILD)}
    const server = new ToolDb({ topic: 'exit', server: true, port: 0, bind: '127.0.0.1', store: 'memory' })
    await server.ready
    const client = new ToolDb({ topic: 'exit', peers: [{ host: '127.0.0.1', port: server.address.port }] })
    client.addKeyListener('k', () => undefined)
    await client.putData('k', 1, false, { confirm: 1 })
    client.network.connectTo('127.0.0.1', 1)
    client.getData('missing', false, 60_000).catch(() => undefined)
    await Promise.all([client.close(), server.close()])
    console.log('closed')
  `)
  expect(result).toEqual({ code: 0, output: 'closed\n', errors: '' })
})

test('[T-85] a server that can’t start ends the process when nobody listens, with the reason', async () => {
  const result = await run(`
    import { createServer } from 'node:http'
    import { ToolDb } from ${JSON.stringify(BUILD)}
    const other = createServer().listen(0, '127.0.0.1', () => {
      new ToolDb({ topic: 'exit', server: true, port: other.address().port, bind: '127.0.0.1', store: 'memory' })
    })
  `)
  expect(result.code).not.toBe(0)
  expect(result.errors).toContain('SHOAL_PORT_TAKEN')
})
