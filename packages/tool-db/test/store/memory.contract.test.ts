import { test } from 'vitest'
import { MemoryStore } from '../../src/store/memory.ts'
import { storeContract } from '../../src/testing/index.ts'

storeContract({ test, name: 'memory', open: async () => ({ store: new MemoryStore() }) })
