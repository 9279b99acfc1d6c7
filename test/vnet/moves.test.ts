/** A server whose machine gets another address while it runs. */

import { execFileSync } from 'node:child_process'
import { Scene } from '../e2e/scene.ts'
import { testNeeding } from '../support/requirements.ts'
import { VNET, Vnet } from './vnet.ts'

testNeeding(...VNET)(
  '[V-26] [S-120] [T-166] [C-105] a server that gets another address says so, and is connected again from there',
  async () => {
    const vnet = new Vnet(2)
    const scene = new Scene()
    const common = ['--topic', 'moves', '--port', '9000', '--store', 'memory', '--bootstrap', 'none', '--no-lan']
    const there = scene.shoalIn(vnet.host(0).namespace, 'serve', ...common)
    await there.event('listening')
    const peer = ['--peer', `${vnet.host(0).address}:9000`]
    const { namespace, address } = vnet.host(1)
    const moving = scene.shoalIn(namespace, 'serve', ...common, ...peer)
    await moving.event('listening', { host: address })
    await moving.event('connected', { host: vnet.host(0).address })

    const other = address.replace(/1$/, '9')
    for (const command of [
      `addr add ${other}/32 dev eth0`,
      `route replace default dev eth0 src ${other}`,
      `addr del ${address}/32 dev eth0`,
    ]) {
      execFileSync('ip', ['-n', namespace, ...command.split(' ')])
    }
    const woken = await moving.event('woken', { reason: 'addresses' })
    await moving.event('address', { host: other })
    await moving.event('disconnected', { host: vnet.host(0).address }, woken)
    await moving.event('connected', { host: vnet.host(0).address }, woken)
  },
)
