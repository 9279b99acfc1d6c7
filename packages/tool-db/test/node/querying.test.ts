import { expect, test } from 'vitest'
import { hold, joined } from './reading-world.ts'

test('[T-53] a query merges the keys of all servers, page after page, and stops when all are through', () => {
  const { world, a, b, client } = joined({ clientLimits: { answerKeysMax: 10 } })
  for (let i = 0; i < 35; i++) hold(a, `chat-${100 + i}`, i)
  for (let i = 20; i < 60; i++) hold(b, `chat-${100 + i}`, i)
  hold(a, 'other', 0)
  const query = client.command({ kind: 'query', prefix: 'chat-', timeout: 60_000 })
  world.run(1_000)
  expect(query.result).toMatchObject({ kind: 'query', complete: true })
  const keys = query.result?.kind === 'query' ? query.result.keys : []
  expect(keys).toHaveLength(60)
  expect(keys).toEqual([...keys].sort())
  const questions = world.wire.filter(({ from, text }) => from === client.host && text.includes('"type":"query"'))
  expect(questions.length).toBeGreaterThanOrEqual(8)
})

test('[T-53] rows of our own are never shown, also to an empty prefix; a plain peer gets one bounded answer', () => {
  const { world, a } = joined()
  a.rows.set('\u0000peer', { value: 'secret', version: 'x' })
  for (let i = 0; i < 3_000; i++) hold(a, `k${i}`, i)
  const plain = world.raw(a).greet()
  plain.send({ type: 'query', id: 'q1', to: [], key: '' })
  plain.send({ type: 'query', id: 'q2', to: [], key: '\u0000' })
  plain.send({ type: 'get', id: 'q3', to: [], key: '\u0000peer' })
  world.run(200)
  expect(plain.ofType('queryAck')).toHaveLength(1)
  expect(plain.ofType('queryAck')[0]?.['keys']).toHaveLength(2_000)
  expect(plain.frames.join('')).not.toContain('secret')
})

test('[T-53] a server that pages for ever does not hold up a query', () => {
  const { world, client } = joined()
  const liar = world.server()
  liar.machine.handleOpened(world.now, { channel: 1, remote: liar, direction: 'inbound' })
  client.connect(liar)
  world.run(300)
  const { deliver } = liar
  liar.deliver = (channel, frame) => {
    const message = JSON.parse(frame as string) as { type: string; id: string }
    if (message.type !== 'query') return deliver.call(liar, channel, frame)
    const answer = { type: 'queryAck', id: message.id, to: [], keys: ['chat-1', 'elsewhere'], more: true }
    world.send(liar, channel, JSON.stringify(answer))
  }
  const query = client.command({ kind: 'query', prefix: 'chat-', timeout: 30_000 })
  world.run(2_000)
  expect(query.result).toMatchObject({ keys: ['chat-1'], complete: true })
})
