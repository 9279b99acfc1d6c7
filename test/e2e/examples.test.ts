/** The examples, as a reader would run them. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { freePort, Scene } from './scene.ts'

test("[C-60] the recipe's server and client find each other through a private DHT, and the client ends by itself", async () => {
  const scene = new Scene()
  const env = { SHOAL_BOOTSTRAP: await scene.testnet(4), TOPIC: 'e2e-recipe' }
  const port = await freePort()
  const server = scene.example('seed-server', { ...env, PORT: String(port), STORE: scene.path('seed') })
  await server.prints(/Listening on/)
  const client = scene.example('seed-client', env)
  await client.prints(new RegExp(`Server peer found: 127.0.0.1:${port}`))
  await client.prints(/Connected/)
  await server.prints(/Connected/)
  await client.prints(/Read: {"from":"someone with only a topic"}/)
  expect(await client.ended).toEqual({ code: 0, signal: null })
  expect(await server.stop()).toEqual({ code: 0, signal: null })
})

test("[C-60] the recipe's servers find each other", async () => {
  const scene = new Scene()
  const env = { SHOAL_BOOTSTRAP: await scene.testnet(4), TOPIC: 'e2e-recipe' }
  const ports = [await freePort(), await freePort()]
  const servers = ports.map((port) =>
    scene.example('seed-server', { ...env, PORT: String(port), STORE: scene.path(`${port}`) }),
  )
  await Promise.all(servers.map((server) => server.prints(/Connected/)))
})

test('[C-61] five lines are enough, and after close() the process ends by itself', async () => {
  const scene = new Scene()
  const env = { SHOAL_BOOTSTRAP: await scene.testnet(4), PORT: String(await freePort()), STORE: scene.path('five') }
  const program = scene.example('five-lines', env)
  await program.prints(/The server has {"from":"someone with only a topic"}/)
  expect(await program.ended).toEqual({ code: 0, signal: null })
})

test('[U-41] a program of tool-db’s with its import changed: users, chat, functions, a group’s key', async () => {
  const scene = new Scene()
  const env = { PORT: String(await freePort()), STORE: scene.path('from-tool-db') }
  const program = scene.example('from-tool-db', env)
  for (const line of [
    /Signed in as alice/,
    /Alice says: hello/,
    /Bob reads: {"mood":"curious"}/,
    /The server refused it: CustomVerificationFailed/,
    /Total: 6/,
    /Bob has the group's key: true/,
  ]) {
    await program.prints(line)
  }
  expect(await program.ended).toEqual({ code: 0, signal: null })
})

test('[U-41] people with Ethereum keys', async () => {
  const scene = new Scene()
  const program = scene.example('ethereum-users', { PORT: String(await freePort()), STORE: scene.path('ethereum') })
  await program.prints(/Signed in as 0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b/)
  await program.prints(/Stored: {"name":"somebody"}/)
  await program.prints(/The keystore holds the key: true/)
  expect(await program.ended).toEqual({ code: 0, signal: null })
})

test('[U-44] documents that two people write at once', async () => {
  const scene = new Scene()
  const program = scene.example('crdts', { PORT: String(await freePort()), STORE: scene.path('crdts') })
  await program.prints(/Settings: green, large/)
  await program.prints(/Shopping: bread, butter, salt/)
  await program.prints(/Visits: 2/)
  await program.prints(/Highest: 7/)
  expect(await program.ended).toEqual({ code: 0, signal: null })
})

test('[D-124] the DHT alone: what its guide shows runs, and ends by itself', async () => {
  const scene = new Scene()
  const program = scene.example('dht-node', {})
  await program.prints(/Announced to 8 nodes, 0 failed/)
  await program.prints(/Found 127.0.0.1:9000/)
  await program.prints(/Item 2: second/)
  await program.prints(/About 1 peer; some contacts in a network of about \d+/)
  expect(await program.ended).toEqual({ code: 0, signal: null })
})

test('[D-124] whatever code the guide shows is in the example, word for word', () => {
  const guide = readFileSync(new URL('../../docs/guides/dht.md', import.meta.url), 'utf8')
  const example = readFileSync(new URL('../../examples/dht-node.ts', import.meta.url), 'utf8')
  const blocks = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code.trim())
  expect(blocks.length).toBeGreaterThanOrEqual(3)
  for (const block of blocks) expect(example).toContain(block)
})
