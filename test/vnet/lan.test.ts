/** Two machines on a local network without any internet. */

import { expect } from 'vitest'
import { Scene } from '../e2e/scene.ts'
import { testNeeding } from '../support/requirements.ts'
import { VNET, Vnet } from './vnet.ts'

testNeeding(...VNET)(
  '[V-20] [C-69] two machines on a local network without internet find each other, by IPv4 and by IPv6; --no-lan does not look there',
  async () => {
    const [here, there] = new Vnet(0).lan(2)
    if (here === undefined || there === undefined) throw new Error('no hosts')
    const scene = new Scene()
    const serve = (...more: string[]) =>
      scene.shoalIn(here.namespace, 'serve', '--topic', 'home', '--port', '9000', ...more)
    const four = serve('--bind', here.bound, '--store', 'memory')
    await four.event('listening')
    const find = scene.shoalIn(there.namespace, 'find', 'home', '--count', '1')
    const found = await find.event('peer')
    expect(found).toMatchObject({ host: here.address, port: 9_000, source: 'lan', proven: true })
    expect((await find.ended).code).toBe(0)
    process.stdout.write(`${JSON.stringify({ name: 'a local network without internet', ms: found['ms'] })}\n`)

    const blind = scene.shoalIn(there.namespace, 'find', 'home', '--count', '1', '--no-lan', '--timeout', '1500')
    expect((await blind.ended).code).toBe(1)
    expect(blind.all('peer')).toEqual([])
    await four.stop()

    const six = serve('--bind', here.address6 as string, '--store', 'memory')
    await six.event('listening')
    const other = scene.shoalIn(there.namespace, 'find', 'home', '--count', '1')
    expect(await other.event('peer')).toMatchObject({ host: here.address6, port: 9_000, source: 'lan' })
  },
)
