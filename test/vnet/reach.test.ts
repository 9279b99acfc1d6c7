/** Servers behind a NAT: with a router that maps ports they are reached from outside, without one they stay clients and say so. */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished } from 'vitest'
import { Scene } from '../e2e/scene.ts'
import { testNeeding } from '../support/requirements.ts'
import { bootstrapOf, startNodes } from './dht-nodes.ts'
import { ROUTER, startRouter } from './router.ts'
import { VNET, Vnet } from './vnet.ts'

testNeeding(...VNET, ...ROUTER)(
  '[V-9] [S-103] [C-78] [C-79] behind a NAT with UPnP the port is mapped, announced, dialled from outside, and unmapped at close',
  async () => {
    const vnet = new Vnet(5)
    const inside = vnet.nat(1)
    const router = await startRouter(inside, { speaks: 'upnp' })
    await startNodes(vnet.hosts.slice(0, 4), 3)
    const scene = new Scene()
    const common = ['--bootstrap', bootstrapOf(vnet.host(0)), '--no-lan']
    const topic = ['--topic', 'mapped', '--port', '9000', '--store', 'memory']
    const server = scene.shoalIn(inside.namespace, 'serve', ...topic, ...common)
    expect(await server.event('mapped')).toMatchObject({ host: inside.address, port: 9000, by: 'upnp', renewed: false })
    expect(router.mappedPorts).toEqual([9000])
    await server.event('announced')
    expect(await server.event('reach')).toMatchObject({ reachable: true, by: 'mapping' })

    const find = scene.shoalIn(vnet.host(4).namespace, 'find', 'mapped', ...common, '--count', '1')
    expect((await find.ended).code, find.tail).toBe(0)
    expect(await find.event('peer')).toMatchObject({ host: inside.address, port: 9000, proven: true })

    const doctor = scene.shoalIn(inside.namespace, 'doctor', ...common, '--port', '9001')
    expect(await doctor.event('check', { name: 'port mapping' })).toMatchObject({ ok: true })
    expect(await doctor.event('check', { name: 'external address v4' })).toMatchObject({ ok: true })
    await doctor.ended
    expect(router.mappedPorts).toEqual([9000])

    expect((await server.stop()).code).toBe(0)
    expect(router.mappedPorts).toEqual([])
  },
)

testNeeding(...VNET, ...ROUTER)(
  '[V-10] [S-101] [S-103] by NAT-PMP a short lease is renewed before it ends, and given back at close',
  async () => {
    const vnet = new Vnet(1)
    const inside = vnet.nat(1)
    const router = await startRouter(inside, { speaks: 'nat-pmp' })
    const script = join(import.meta.dirname, 'map-port.mjs')
    const args = ['netns', 'exec', inside.namespace, process.execPath, script, '9000', '3']
    const child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill())
    const ended = once(child, 'exit')
    const heard: unknown[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      heard.push(JSON.parse(line))
      if (heard.length === 3) break
    }
    const mapped = { by: 'nat-pmp', externalHost: inside.address }
    // The third comes after two thirds of the lease that the first one got.
    expect(heard).toEqual([
      { ...mapped, renewed: false },
      { ...mapped, renewed: true },
      { ...mapped, renewed: true },
    ])
    expect(router.mappedPorts).toEqual([9000])
    child.stdin.end('stop\n')
    expect((await ended)[0]).toBe(0)
    expect(router.mappedPorts).toEqual([])
  },
)

testNeeding(...VNET)(
  '[V-11] [C-79] behind a NAT without such a router a server stays a client, says why, and is not announced',
  async () => {
    const vnet = new Vnet(5)
    const inside = vnet.nat(1)
    await startNodes(vnet.hosts.slice(0, 4), 3)
    const scene = new Scene()
    const common = ['--bootstrap', bootstrapOf(vnet.host(0)), '--no-lan']
    const topic = ['--topic', 'unmapped', '--port', '9000', '--store', 'memory']
    const outside = scene.shoalIn(vnet.host(4).namespace, 'serve', ...topic, ...common)
    await outside.event('announced')
    const server = scene.shoalIn(inside.namespace, 'serve', ...topic, ...common)
    expect(await server.event('reach', { reachable: false })).toMatchObject({
      reason: expect.stringMatching(/no router here maps ports.*--host/),
    })
    await server.says(/others can't reach this server, so it is not announced/)
    await server.event('connected', { host: vnet.host(4).address })
    await outside.event('connected', { inbound: true })
    expect(server.all('announced')).toEqual([])
  },
)

testNeeding(...VNET)(
  '[V-12] [C-80] [T-160] a server whose firewall drops what comes in is not announced; once it can be dialled back it is',
  async () => {
    const vnet = new Vnet(6)
    await startNodes(vnet.hosts.slice(0, 4), 3)
    const scene = new Scene()
    const common = ['--bootstrap', bootstrapOf(vnet.host(0)), '--no-lan']
    const topic = ['--topic', 'dialled', '--port', '9000', '--store', 'memory']
    const first = scene.shoalIn(vnet.host(4).namespace, 'serve', ...topic, ...common)
    await first.event('announced')
    const { namespace } = vnet.host(5)
    const rule = ['INPUT', '-p', 'tcp', '--dport', '9000', '-j', 'DROP']
    const iptables = (verb: string): void =>
      void execFileSync('ip', ['netns', 'exec', namespace, 'iptables', verb, ...rule])
    iptables('-A')
    const shut = scene.shoalIn(namespace, 'serve', ...topic, ...common)
    expect(await shut.event('reach')).toMatchObject({
      reachable: false,
      reason: expect.stringMatching(/dial it from outside/),
    })
    expect(shut.all('announced')).toEqual([])
    await shut.stop()

    iptables('-D')
    const open = scene.shoalIn(namespace, 'serve', ...topic, ...common)
    await open.event('announced')
    expect(open.all('reach').at(-1)).toMatchObject({ reachable: true })
  },
)

testNeeding(...VNET)(
  '[V-25] [C-104] doctor is dialled back by a server of the topic, or told that it can not be',
  async () => {
    const vnet = new Vnet(7)
    await startNodes(vnet.hosts.slice(0, 4), 3)
    const scene = new Scene()
    const common = ['--bootstrap', bootstrapOf(vnet.host(0)), '--no-lan']
    const topic = ['--topic', 'examined', '--port', '9000']
    const server = scene.shoalIn(vnet.host(4).namespace, 'serve', ...topic, '--store', 'memory', ...common)
    await server.event('announced')
    const open = scene.shoalIn(vnet.host(5).namespace, 'doctor', ...topic, ...common)
    expect(await open.event('check', { name: 'dial back' })).toMatchObject({ ok: true })

    const { namespace } = vnet.host(6)
    const rule = ['INPUT', '-p', 'tcp', '--dport', '9000', '-j', 'DROP']
    execFileSync('ip', ['netns', 'exec', namespace, 'iptables', '-A', ...rule])
    const shut = scene.shoalIn(namespace, 'doctor', ...topic, ...common)
    expect(await shut.event('check', { name: 'dial back' })).toMatchObject({
      ok: false,
      fix: expect.stringMatching(/open TCP port 9000/),
    })
    // It was no server of the topic for anybody.
    const find = scene.shoalIn(vnet.host(5).namespace, 'find', 'examined', ...common, '--unproven', '--timeout', '4000')
    await find.ended
    expect(find.all('peer').map(({ host }) => host)).toEqual([vnet.host(4).address])
  },
)
