/**
 * What every store must do. In one line, under any test runner:
 * `storeContract({ test, name: 'mine', open: async () => ({ store: new MyStore() }) })`
 */

import { prefixRange } from '../store/key-order.ts'
import { ABSENT, type KeyRange, type Row, type Store, type Write } from '../store/store.ts'
import { check, checkEqual, checkRejects, type TestFunction } from './check.ts'

export interface OpenedStore {
  readonly store: Store
  /** Opens the same rows again, after `store` was closed; absent for stores that keep nothing. */
  readonly reopen?: () => Promise<Store>
}

export interface StoreContractOptions {
  readonly test: TestFunction
  /** Goes into the names of the tests. */
  readonly name: string
  /** A new, empty store, rows of its own aside. */
  readonly open: () => Promise<OpenedStore>
  /** False for stores whose batches can be cut short by a failure, and whose order is only as good as their engine's. */
  readonly ordersAllOfUnicode?: boolean
}

const NOTHING_EXPECTED: ReadonlyMap<string, string> = new Map()
/** In code-point order. UTF-16 order would put the two last but one behind the last. */
const UNICODE_KEYS = ['\u0001', 'a', 'a\u0000b', 'aa', 'b', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '\u{10ffff}']
const STRANGE_KEYS = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  '==name',
  ':address.key',
  ' ',
  '\n',
  '%',
]

export function storeContract(options: StoreContractOptions): void {
  reading(options)
  committing(options)
  scanning(options)
  closing(options)
}

type Body = (store: Store, reopen: OpenedStore['reopen']) => Promise<void>

function suite(options: StoreContractOptions): (rule: string, sentence: string, body: Body) => void {
  return (rule, sentence, body) => {
    options.test(`[${rule}] ${options.name}: ${sentence}`, async () => {
      const { store, reopen } = await options.open()
      try {
        await store.ready
        await body(store, reopen)
      } finally {
        await store.close()
      }
    })
  }
}

function set(key: string, value: string): Write {
  return { kind: 'set', key, value }
}

async function put(store: Store, writes: readonly Write[]): Promise<void> {
  checkEqual(
    await store.commit(writes, NOTHING_EXPECTED, 'memory'),
    { kind: 'committed' },
    'a commit without condition',
  )
}

async function valuesOf(store: Store, keys: readonly string[]): Promise<readonly (string | undefined)[]> {
  return (await store.readMany(keys)).map((row) => row?.value)
}

async function allKeys(store: Store, range: KeyRange, limit: number): Promise<readonly string[]> {
  const keys: string[] = []
  for (;;) {
    const after = keys.at(-1)
    const page = await store.scan(range, { limit, ...(after === undefined ? {} : { after }) })
    check(page.keys.length <= limit, `a page holds at most ${limit} keys`)
    check(!page.more || page.keys.length > 0, 'an empty page is the last one')
    keys.push(...page.keys)
    if (!page.more) return keys
  }
}

function reading(options: StoreContractOptions): void {
  const rule = suite(options)
  rule('ST-1', 'rows come in the order asked, missing ones as undefined', async (store) => {
    await put(store, [set('a', '1'), set('b', '2')])
    checkEqual(await valuesOf(store, ['b', 'missing', 'a', 'b']), ['2', undefined, '1', '2'], 'the values')
    checkEqual(await store.readMany([]), [], 'no keys')
    const [row] = await store.readMany(['a'])
    checkEqual(row?.key, 'a', 'the key of the row')
  })
  rule('T-122', 'what is read at once is what is read with waiting, also just after a commit', async (store) => {
    const keys = ['there', 'missing', 'there']
    for (const value of ['1', '2']) {
      await put(store, [set('there', value)])
      const now = store.readNow?.(keys)
      if (now === undefined) continue
      checkEqual(now[0]?.value, value, 'the row as it was committed')
      checkEqual(now, await store.readMany(keys), 'the rows')
    }
  })
  rule('ST-2', 'equal versions mean equal rows, and no row has the version of an absent one', async (store) => {
    await put(store, [set('a', '"x"'), set('same', '"x"'), set('escaped', '\u0000'), set('other', '\u0000\u0000')])
    const rows = (await store.readMany(['a', 'same', 'escaped', 'other'])) as Row[]
    for (const row of rows) check(row.version !== ABSENT, `${row.key} has a version`)
    check(rows[2]?.version !== rows[3]?.version, 'different rows have different versions')
    const before = rows[0]?.version
    await put(store, [set('a', '"y"')])
    check((await store.readMany(['a']))[0]?.version !== before, 'a changed row has another version')
    await put(store, [set('a', '"x"')])
    checkEqual((await store.readMany(['a']))[0]?.version, before, 'the version of the same row again')
  })
  rule('ST-3', 'strange keys are ordinary keys', async (store) => {
    checkEqual(
      await valuesOf(store, STRANGE_KEYS),
      STRANGE_KEYS.map(() => undefined),
      'before',
    )
    await put(
      store,
      STRANGE_KEYS.map((key) => set(key, JSON.stringify(key))),
    )
    checkEqual(
      await valuesOf(store, STRANGE_KEYS),
      STRANGE_KEYS.map((key) => JSON.stringify(key)),
      'after',
    )
  })
  rule('ST-4', 'long keys, and values of every length and script, come back as they went in', async (store) => {
    const values = ['0', '"é😀\uffff\u0000"', JSON.stringify('x'.repeat(300_000))]
    const keys = ['k'.repeat(5_000), 'é'.repeat(300), 'c']
    await put(
      store,
      keys.map((key, i) => set(key, values[i] as string)),
    )
    checkEqual(await valuesOf(store, keys), values, 'the values')
  })
}

function committing(options: StoreContractOptions): void {
  const rule = suite(options)
  rule('ST-5', 'a commit whose expectation fails writes nothing and names the rows', async (store) => {
    await put(store, [set('a', '1'), set('b', '1')])
    const [a] = (await store.readMany(['a'])) as [Row]
    const expect = new Map([
      ['a', a.version],
      ['b', ABSENT],
      ['c', a.version],
    ])
    const result = await store.commit([set('a', '2'), set('new', '2')], expect, 'memory')
    checkEqual(result, { kind: 'conflict', keys: ['b', 'c'] }, 'the result')
    checkEqual(await valuesOf(store, ['a', 'b', 'new']), ['1', '1', undefined], 'the rows')
    const second = await store.commit(
      [set('a', '2'), set('new', '2')],
      new Map([
        ['a', a.version],
        ['new', ABSENT],
      ]),
      'sync',
    )
    checkEqual(second, { kind: 'committed' }, 'with the right expectation')
    checkEqual(await valuesOf(store, ['a', 'new']), ['2', '2'], 'the rows after it')
  })
  rule('ST-6', 'of commits that expect the same, made at once, one wins', async (store) => {
    await put(store, [set('a', '0')])
    const [{ version }] = (await store.readMany(['a'])) as [Row]
    const attempts = Array.from({ length: 50 }, (_, i) =>
      store.commit([set('a', `${i + 1}`), set(`extra${i}`, '1')], new Map([['a', version]]), i % 2 ? 'sync' : 'memory'),
    )
    const results = await Promise.all(attempts)
    const winners = results.flatMap((result, i) => (result.kind === 'committed' ? [i] : []))
    checkEqual(winners.length, 1, 'the number of winners')
    checkEqual(await valuesOf(store, ['a']), [`${(winners[0] as number) + 1}`], 'the row')
    const extras = await valuesOf(
      store,
      attempts.map((_, i) => `extra${i}`),
    )
    checkEqual(extras.filter((value) => value !== undefined).length, 1, 'the rows that came with it')
  })
  rule('ST-7', 'an empty batch only checks what it expects', async (store) => {
    await put(store, [])
    checkEqual(await store.commit([], new Map([['a', ABSENT]]), 'sync'), { kind: 'committed' }, 'absent, as expected')
    const result = await store.commit([], new Map([['a', 'something']]), 'memory')
    checkEqual(result, { kind: 'conflict', keys: ['a'] }, 'absent, against expectation')
  })
  rule('ST-8', 'rows can be deleted, and the last write of a batch counts', async (store) => {
    await put(store, [set('a', '1'), set('b', '1')])
    await put(store, [{ kind: 'delete', key: 'a' }, { kind: 'delete', key: 'never' }, set('b', '2'), set('b', '3')])
    await put(store, [set('c', '1'), { kind: 'delete', key: 'c' }])
    checkEqual(await valuesOf(store, ['a', 'b', 'c']), [undefined, '3', undefined], 'the rows')
    checkEqual(await allKeys(store, prefixRange(''), 10), ['b'], 'the keys')
    checkEqual(await store.commit([set('a', '4')], new Map([['a', ABSENT]]), 'memory'), { kind: 'committed' }, 'again')
  })
  rule(
    'ST-9',
    'keys and values that are not well-formed are refused, and nothing of their batch is written',
    async (store) => {
      for (const write of [set('', '1'), set('\ud800', '1'), set('x\udc00y', '1'), set('x', '"\ud800"')]) {
        await checkRejects(store.commit([set('good', '1'), write], NOTHING_EXPECTED, 'memory'), 'SHOAL_USAGE')
      }
      checkEqual(
        await valuesOf(store, ['good', '\ud800', '\ufffd', '']),
        [undefined, undefined, undefined, undefined],
        'rows',
      )
      await put(store, [set('\ufffd', '1')])
      checkEqual(await valuesOf(store, ['\ud800']), [undefined], 'a lone surrogate is not the replacement character')
    },
  )
}

function scanning(options: StoreContractOptions): void {
  const rule = suite(options)
  const keys = options.ordersAllOfUnicode === false ? UNICODE_KEYS.filter((key) => key <= '\ud7ff') : UNICODE_KEYS
  rule('ST-10', 'keys come in code-point order, page by page, each once', async (store) => {
    await put(
      store,
      [...keys].reverse().map((key) => set(key, '1')),
    )
    for (const limit of [1, 2, 3, keys.length - 1, keys.length, 1_000]) {
      checkEqual(await allKeys(store, prefixRange(''), limit), keys, `pages of ${limit}`)
    }
  })
  rule(
    'ST-11',
    'a range holds its first key and not its last; `after` goes on behind a key, there or not',
    async (store) => {
      await put(
        store,
        ['a', 'b', 'c', 'd', 'e'].map((key) => set(key, '1')),
      )
      const scan = async (range: KeyRange, after?: string): Promise<readonly string[]> =>
        (await store.scan(range, { limit: 10, ...(after === undefined ? {} : { after }) })).keys
      checkEqual(await scan({ from: 'b', to: 'd' }), ['b', 'c'], 'b to d')
      checkEqual(await scan({ from: 'b' }), ['b', 'c', 'd', 'e'], 'b to the end')
      checkEqual(await scan({ from: 'b', to: 'b' }), [], 'an empty range')
      checkEqual(await scan({ from: 'd', to: 'b' }), [], 'a range that ends before it begins')
      checkEqual(await scan({ from: 'b', to: 'e' }, 'c'), ['d'], 'after c')
      checkEqual(await scan({ from: 'b', to: 'e' }, 'bb'), ['c', 'd'], 'after a key that is not there')
      checkEqual(await scan({ from: 'b', to: 'e' }, 'a'), ['b', 'c', 'd'], 'after a key before the range')
      checkEqual(await scan({ from: 'b', to: 'e' }, 'z'), [], 'after a key behind the range')
    },
  )
  rule('ST-12', 'a prefix finds the keys that begin with it and no others', async (store) => {
    const own = '\u0000mine'
    await put(
      store,
      [own, 'a', 'ab', 'aba', 'abz', 'ac', 'b', '\ud7ff', '\ud7ffx', '\ue000'].map((key) => set(key, '1')),
    )
    checkEqual(await allKeys(store, prefixRange('ab'), 2), ['ab', 'aba', 'abz'], 'ab')
    checkEqual(await allKeys(store, prefixRange('\ud7ff'), 2), ['\ud7ff', '\ud7ffx'], 'U+D7FF')
    checkEqual(await allKeys(store, prefixRange('zz'), 2), [], 'a prefix that nothing has')
    check(!(await allKeys(store, prefixRange(''), 100)).includes(own), 'an empty prefix leaves rows of our own out')
    checkEqual(await allKeys(store, prefixRange('\u0000m'), 2), [own], 'rows of our own, asked for')
  })
  rule('ST-13', 'thousands of keys are scanned whole', async (store) => {
    const many = Array.from({ length: 3_000 }, (_, i) => `k${String((i * 7919) % 3_000).padStart(5, '0')}`)
    await put(
      store,
      many.map((key) => set(key, '1')),
    )
    checkEqual(await allKeys(store, prefixRange('k'), 500), [...many].sort(), 'the keys')
    const first = await store.scan(prefixRange('k'), { limit: 3_000 })
    checkEqual([first.keys.length, first.more], [3_000, false], 'a page of all')
  })
  rule('ST-14', 'a limit below 1 and bounds that are not well-formed are wrong use', async (store) => {
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      await checkRejects(store.scan({ from: 'a' }, { limit }), 'SHOAL_USAGE')
    }
    await checkRejects(store.scan({ from: '\ud800' }, { limit: 1 }), 'SHOAL_USAGE')
  })
}

function closing(options: StoreContractOptions): void {
  const rule = suite(options)
  rule('ST-15', 'close waits for the commits under way; afterwards every method rejects', async (store) => {
    const commits = [1, 2, 3].map((i) => store.commit([set(`k${i}`, '1')], NOTHING_EXPECTED, 'memory'))
    const closed = store.close()
    checkEqual(
      (await Promise.all(commits)).map((result) => result.kind),
      ['committed', 'committed', 'committed'],
      'the commits',
    )
    await Promise.all([closed, store.close()])
    await checkRejects(store.readMany(['k1']), 'SHOAL_CLOSED')
    await checkRejects(store.commit([set('k4', '1')], NOTHING_EXPECTED, 'memory'), 'SHOAL_CLOSED')
    await checkRejects(store.scan({ from: 'a' }, { limit: 1 }), 'SHOAL_CLOSED')
  })
  rule(
    'ST-16',
    'what was committed is there when the rows are opened again, where they are kept',
    async (store, reopen) => {
      await put(store, [set('a', '1'), set('gone', '1')])
      await put(store, [{ kind: 'delete', key: 'gone' }])
      await store.close()
      if (reopen === undefined) return
      const again = await reopen()
      try {
        await again.ready
        checkEqual(await valuesOf(again, ['a', 'gone']), ['1', undefined], 'the rows')
        checkEqual(await allKeys(again, prefixRange(''), 10), ['a'], 'the keys')
      } finally {
        await again.close()
      }
    },
  )
}
