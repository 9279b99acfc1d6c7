import { expect, onTestFinished, test } from 'vitest'
import { Resolver } from '../../src/node/resolver.ts'

test('[D-86] names that are resolved again and again leave nothing behind', async () => {
  const warnings: Error[] = []
  const take = (warning: Error): void => void warnings.push(warning)
  process.on('warning', take)
  onTestFinished(() => void process.off('warning', take))
  const resolver = new Resolver([{ host: 'localhost', port: 1 }], ['ipv4'], () => {})
  onTestFinished(() => resolver.close())
  for (let i = 0; i < 12; i++) expect(await resolver.resolve()).toContainEqual({ host: '127.0.0.1', port: 1 })
  await new Promise(setImmediate)
  expect(warnings).toEqual([])
  expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).toBeLessThan(12)
})
