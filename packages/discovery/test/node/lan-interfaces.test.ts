import type { NetworkInterfaceInfo } from 'node:os'
import { expect, test } from 'vitest'
import { isOnLink, lanInterfaces } from '../../src/node/lan-interfaces.ts'

function info(cidr: string, internal = false): NetworkInterfaceInfo {
  const [address = ''] = cidr.split('/')
  const common = { address, netmask: '', mac: '', internal, cidr }
  return address.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' }
}

const LO = { lo: [info('127.0.0.1/8', true), info('::1/128', true)] }

test('[S-85] every interface with a subnet counts, once a family; loopback where there is nothing else, or by name', () => {
  const all = {
    ...LO,
    eth0: [info('192.168.1.7/24'), info('192.168.2.7/24'), info('fd00::7/64'), info('fe80::7/64')],
    docker0: [info('172.17.0.1/16'), info('fe80::1/64')],
    veth1: [info('fe80::2/64')],
    tun0: [info('10.8.0.2/32')],
  }
  const named = (only?: string[]): string[] => lanInterfaces(only, all).map(({ name, family }) => `${name} ${family}`)
  expect(named()).toEqual(['eth0 ipv4', 'eth0 ipv6', 'docker0 ipv4'])
  expect(named(['lo'])).toEqual(['lo ipv4'])
  expect(named(['gone'])).toEqual([])
  expect(lanInterfaces(undefined, LO).map(({ name }) => name)).toEqual(['lo'])
  expect(lanInterfaces(undefined, {})).toEqual([])
})

test('[S-85] a container host with hundreds of interfaces is bounded', () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`br${i}`, [info(`10.${i % 250}.0.1/24`)]]))
  expect(lanInterfaces(undefined, many)).toHaveLength(16)
})

test('[S-86] on the link is what its subnets hold, in either family, and nothing else', () => {
  const [eth0] = lanInterfaces(undefined, { eth0: [info('192.168.1.7/24'), info('fd00::7/64'), info('fe80::7/64')] })
  if (eth0 === undefined) throw new Error('no interface')
  for (const host of ['192.168.1.1', 'fd00::99']) expect(isOnLink(eth0, host)).toBe(true)
  for (const host of ['192.168.2.1', '127.0.0.1', '8.8.8.8', '::1', 'fd01::1', 'fe80::9', 'printer.local', '']) {
    expect(isOnLink(eth0, host)).toBe(false)
  }
})
