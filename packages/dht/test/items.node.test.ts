import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { UsageError } from '@shoal/base'
import { expect, onTestFinished, test } from 'vitest'
import {
  CasMismatchError,
  createTestnet,
  Dht,
  NoAnswerError,
  NotStoredError,
  type PutOptions,
  SaltTooBigError,
  SeqTooOldError,
  type Testnet,
  ValueTooBigError,
} from '../src/index.ts'

async function testnet(count = 12): Promise<Testnet & { first: Dht; last: Dht }> {
  const net = await createTestnet(count)
  onTestFinished(() => net.close())
  return { ...net, first: net.nodes[0] as Dht, last: net.nodes.at(-1) as Dht }
}

function keyPair(): { key: KeyObject; publicKey: Uint8Array; seed: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    key: privateKey,
    publicKey: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)),
    seed: new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32)),
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('[D-155] what one node puts, any other gets', async () => {
  const { first, last } = await testnet()
  const { target, nodes, seq } = await first.put({ value: 'hello' })
  expect(target).toMatch(/^[0-9a-f]{40}$/)
  expect(nodes).toBeGreaterThanOrEqual(8)
  expect(seq).toBe(undefined)
  const nothing = { seq: undefined, publicKey: undefined, signature: undefined }
  expect(await last.get(target)).toEqual({ value: bytes('hello'), ...nothing })
  const data = { list: [1, 2n ** 60n, 'x'], map: { a: bytes('b') } }
  const put = await first.put({ value: data })
  const got = await last.get(Buffer.from(put.target, 'hex'))
  expect(got?.value).toMatchObject({ list: [1, 2n ** 60n, bytes('x')], map: { a: bytes('b') } })
  expect(await last.get('00'.repeat(20))).toBe(undefined)
  expect(first.forget(target)).toBe(true)
  expect(first.forget(target)).toBe(false)
})

test('[D-156] each put of a key is one newer than what is there; the same salt and key are the same target', async () => {
  const { first, last } = await testnet()
  const { key, publicKey, seed } = keyPair()
  const one = await first.put({ value: 'one', key, salt: 'greeting' })
  expect(one.seq).toBe(1)
  const two = await last.put({ value: 'two', key: seed, salt: bytes('greeting') })
  expect(two).toMatchObject({ target: one.target, seq: 2 })
  const signer = { publicKey, sign: (message: Uint8Array) => sign(undefined, message, key) }
  expect((await first.put({ value: 'two', key: signer, salt: 'greeting' })).seq).toBe(3)
  const both = Buffer.concat([seed, publicKey])
  expect((await first.put({ value: 'other', key: both })).target).not.toBe(one.target)
  const got = await last.get(one.target, { salt: 'greeting', publicKey })
  expect(got).toMatchObject({ value: bytes('two'), seq: 3, publicKey })
  expect(got?.signature).toHaveLength(64)
  expect((await last.get(one.target, { salt: 'greeting', first: true }))?.seq).toBe(3)
  // The salt is part of what is signed.
  expect(await last.get(one.target)).toBe(undefined)
})

test('[D-157] each way in which a put fails has an error of its own', async () => {
  const { first, last } = await testnet()
  const { key } = keyPair()
  await expect(first.put({ value: 'x'.repeat(997) })).rejects.toThrow(ValueTooBigError)
  await expect(first.put({ value: 'x', key, salt: 'x'.repeat(65) })).rejects.toThrow(SaltTooBigError)
  await first.put({ value: 'five', key, seq: 5 })
  await expect(last.put({ value: 'four', key, seq: 4 })).rejects.toMatchObject({
    code: 'SHOAL_SEQ_TOO_OLD',
    heldSeq: 5,
  })
  await expect(last.put({ value: 'other', key, seq: 5 })).rejects.toThrow(SeqTooOldError)
  expect(await last.put({ value: 'five', key, seq: 5 })).toMatchObject({ seq: 5 })
  await expect(last.put({ value: 'six', key, cas: 4 })).rejects.toThrow(CasMismatchError)
  await expect(last.put({ value: 'six', key, cas: 4 })).rejects.toMatchObject({ code: 'SHOAL_CAS_MISMATCH', seq: 5 })
  expect(await last.put({ value: 'six', key, cas: 5 })).toMatchObject({ seq: 6 })
  const big = 2n ** 63n - 1n
  expect(await first.put({ value: 'last', key, seq: big })).toMatchObject({ seq: big })
  await expect(first.put({ value: 'more', key })).rejects.toThrow(SeqTooOldError)
  const alone = new Dht({ bootstrap: [], host: '127.0.0.1', mode: 'client' })
  onTestFinished(() => alone.close())
  await expect(alone.put({ value: 'x' })).rejects.toThrow(NotStoredError)
})

test('[D-83] wrong arguments of put, get, scrape and sample are refused at once', async () => {
  const { first } = await testnet(1)
  const { key, publicKey } = keyPair()
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey
  const wrong: PutOptions[] = [
    { value: 1.5 },
    { value: 'x', seq: 1 },
    { value: 'x', salt: 'x' },
    { value: 'x', cas: 0 },
    { value: 'x', key, seq: -1 },
    { value: 'x', key, seq: 1.5 },
    { value: 'x', key, seq: 2n ** 63n },
    { value: 'x', key: new Uint8Array(31) },
    { value: 'x', key: new Uint8Array(64) },
    { value: 'x', key: rsa },
    { value: 'x', key: { publicKey: new Uint8Array(3), sign: () => new Uint8Array(64) } },
    { value: 'x', key: { publicKey, sign: () => new Uint8Array(64) } },
  ]
  for (const options of wrong) await expect(first.put(options)).rejects.toThrow(UsageError)
  await expect(first.get('zz')).rejects.toThrow(UsageError)
  await expect(first.get('00'.repeat(20), { publicKey })).rejects.toThrow(UsageError)
  await expect(first.get('00'.repeat(20), { publicKey: 'abc' })).rejects.toThrow(UsageError)
  await expect(first.scrape('00')).rejects.toThrow(UsageError)
  await expect(first.sample('nonsense')).rejects.toThrow(UsageError)
})

test('[D-85] a put and a get end with their signal', async () => {
  const { first } = await testnet(2)
  const signal = AbortSignal.abort()
  await expect(first.put({ value: 'x', signal })).rejects.toMatchObject({ code: 'SHOAL_CLOSED' })
  await expect(first.get('00'.repeat(20), { signal })).rejects.toMatchObject({ code: 'SHOAL_CLOSED' })
  const left = new AbortController()
  const put = first.put({ value: 'x', signal: left.signal })
  left.abort()
  await expect(put).rejects.toMatchObject({ code: 'SHOAL_CLOSED' })
})

test('[D-172] [D-181] seeds and peers are counted, and a node shows what it stores', async () => {
  const { first, last, nodes } = await testnet()
  const hash = 'ab'.repeat(20)
  await first.announce(hash, { port: 1, seed: true })
  // All of loopback is one address, which is a seed by now.
  expect(await last.scrape(hash)).toEqual({ seeds: 1, peers: 0 })
  const samples = await Promise.all(
    nodes.map(async (node) => last.sample({ host: '127.0.0.1', port: (await node.listening).ipv4?.port as number })),
  )
  expect(samples.filter((sample) => sample.samples.includes(hash)).length).toBeGreaterThanOrEqual(8)
  for (const sample of samples) expect(sample).toMatchObject({ num: sample.samples.length, interval: 0 })
  expect(samples[0]?.nodes[0]).toMatchObject({ host: '127.0.0.1', family: 'ipv4', id: expect.any(String) })
})

test('[D-181] a node that is not there is said to be silent', async () => {
  const { first } = await testnet(1)
  await expect(first.sample('127.0.0.1:9')).rejects.toThrow(NoAnswerError)
})
