import { requireTopic } from '@shoal/peer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { storeDirectoryName, storeDirectoryOf } from '../../src/cli/data-folder.ts'

test('[C-20] the directory of a topic can be read by people and is in the data folder', () => {
  expect(storeDirectoryName('myswarmtopic')).toMatch(/^myswarmtopic-[0-9a-f]{16}$/)
  expect(storeDirectoryName('💥/..')).toMatch(/^[0-9a-f]{16}$/)
  expect(storeDirectoryOf(requireTopic('a'))).toMatch(/[\\/]shoal[\\/].*topics[\\/]a-[0-9a-f]{16}$/i)
})

test('[C-20] topics that differ in case or in odd letters have directories of their own', () => {
  const names = ['Topic', 'topic', 'topic ', 'töpic', 't-pic', 'topic/x', 'topic\\x', '../topic'].map(
    storeDirectoryName,
  )
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length)
})

test('[C-20] whatever the topic, its name is a plain one on every file system', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }), (topic) => {
      expect(storeDirectoryName(topic)).toMatch(/^[a-z0-9]([a-z0-9-]{0,60})$/)
    }),
  )
})
