/** `shoal doctor` on real sockets. */

import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { type Program, Scene } from './scene.ts'

function verdicts(program: Program): Record<string, unknown> {
  return Object.fromEntries(program.all('check').map(({ name, ok }) => [String(name), ok]))
}

test('[C-75] [C-76] where a DHT can be entered each step is told, and a person is told that all is well', async () => {
  const scene = new Scene()
  const bootstrap = await scene.testnet(4)
  const args = ['doctor', '--bootstrap', bootstrap, '--bind', '127.0.0.1', '--port', '0', '--no-lan']
  const programs = [scene.shoal(...args), scene.plain(...args)] as const
  const [json, plain] = programs
  const [ended] = await Promise.all(programs.map((program) => program.ended))
  expect(verdicts(json)).toMatchObject({
    'file limits': expect.anything(),
    port: true,
    LAN: null,
    'UDP out': true,
    'bootstrap by name': null,
    'bootstrap by address': true,
    DHT: true,
  })
  for (const { ok, detail, fix } of json.all('check')) {
    expect(detail).toMatch(/\S/)
    if (ok === false) expect(fix).toMatch(/\S/)
    else expect(fix).toBeNull()
  }
  const failures = json.all('check').filter(({ ok }) => ok === false)
  expect(ended?.code).toBe(failures.length === 0 ? 0 : 1)
  expect(plain.stdout).toMatch(/✓ UDP out +datagrams go out/)
  expect(plain.stdout.trimEnd().split('\n').at(-1)).toMatch(/Nothing was found|attention/)
})

test('[C-75] [C-76] what is wrong is told with what to do, exit code 1, within the time-out', async () => {
  const scene = new Scene()
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as { port: number }
  try {
    const doctor = scene.shoal(
      ...['doctor', '--bootstrap', 'no-such-node.invalid:6881,127.0.0.1:9', '--bind', '127.0.0.1'],
      ...['--port', String(port), '--no-lan', '--timeout', '1500'],
    )
    expect((await doctor.ended).code).toBe(1)
    expect(verdicts(doctor)).toMatchObject({
      port: false,
      'UDP out': false,
      'bootstrap by name': false,
      'bootstrap by address': false,
      DHT: false,
    })
    const ofPort = doctor.all('check').find(({ name }) => name === 'port')
    expect(ofPort).toMatchObject({ detail: expect.stringMatching(/taken/), fix: expect.stringMatching(/--port/) })
  } finally {
    taken.close()
  }
})
