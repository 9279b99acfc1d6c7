/** A kept port over a router that is a fake; and the library's NAT-PMP against bytes on a real socket is shown in test/vnet. */

import { EventEmitter, once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { PortMapping } from '../../src/index.ts'
import {
  type Mapped,
  MappingRefusedError,
  NoGatewayError,
  readDefaultGateway,
} from '../../src/node/port-mapping-gateway.ts'

const MAPPED: Mapped = { externalHost: '45.201.7.1', by: 'nat-pmp', gateway: '192.168.1.1' }

function router(answer: (signal: AbortSignal) => Promise<Mapped>) {
  const calls: string[] = []
  const mapper = {
    map: (port: number, lease: number, signal: AbortSignal) => {
      calls.push(`map ${port} ${lease}`)
      return answer(signal)
    },
    unmap: (port: number) => {
      calls.push(`unmap ${port}`)
      return Promise.resolve()
    },
  }
  const mapping = new PortMapping({ port: 9_000, mapper })
  onTestFinished(() => mapping.close())
  return { calls, mapping }
}

test('[S-100] what the router maps is told, kept, and given back once at close', async () => {
  const { calls, mapping } = router(() => Promise.resolve(MAPPED))
  expect(await once(mapping, 'mapped')).toEqual([MAPPED, false])
  expect(mapping.mapped).toEqual(MAPPED)
  await Promise.all([mapping.close(), mapping.close()])
  expect(calls).toEqual(['map 9000 3600', 'unmap 9000'])
  expect(mapping.mapped).toBeUndefined()
})

test('[S-100] a router that refuses, or is not there, is told as it is, and nothing is given back', async () => {
  for (const error of [new NoGatewayError(), new MappingRefusedError('port 9000 is in use')]) {
    const { calls, mapping } = router(() => Promise.reject(error))
    expect(await once(mapping, 'failed')).toEqual([error])
    await mapping.close()
    expect(calls).toEqual(['map 9000 3600'])
  }
})

test('[S-100] a close in the middle of asking waits for the end of it, and gives back what was got all the same', async () => {
  const world = new EventEmitter()
  const { calls, mapping } = router(async () => {
    world.emit('asked')
    await once(world, 'answer')
    return MAPPED
  })
  await once(world, 'asked')
  const closing = mapping.close()
  world.emit('answer')
  await closing
  expect(calls).toEqual(['map 9000 3600', 'unmap 9000'])
})

test('[S-102] the default gateway is read from the routes of Linux, and nothing else is taken for one', () => {
  const head = 'Iface\tDestination\tGateway \tFlags\n'
  expect(readDefaultGateway(`${head}eth0\t0001A8C0\t00000000\t0001\neth0\t00000000\t0101A8C0\t0003\n`)).toBe(
    '192.168.1.1',
  )
  for (const text of [
    '',
    head,
    `${head}eth0\t00000000\t00000000\t0001\n`,
    `${head}eth0\t00000000\tzz\t0003\n`,
    '\t\t\t\n\0',
  ]) {
    expect(readDefaultGateway(text)).toBeUndefined()
  }
})
