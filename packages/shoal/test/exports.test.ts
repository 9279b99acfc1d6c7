import * as toolDb from '@shoal/tool-db'
import { expect, test } from 'vitest'
import * as shoal from '../src/index.ts'

test('[U-42] every name that @shoal/tool-db gives comes from shoal too', () => {
  expect(Object.keys(shoal)).toEqual(expect.arrayContaining(Object.keys(toolDb)))
})
