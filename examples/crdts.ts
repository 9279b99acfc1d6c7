/**
 * Documents that several people write at once, also while they are apart: a map, a list, a counter, and a kind of one's own.
 * Nobody's change is lost, and everybody ends with the same document.
 *
 * PORT and STORE say where the server listens and stores.
 */

import { BaseCrdt, CounterCrdt, ListCrdt, MapCrdt, ToolDb } from 'shoal'

const topic = 'crdts'
const port = Number(process.env['PORT'] ?? 9000)
const storageName = process.env['STORE'] ?? 'crdts'

const server = new ToolDb({ server: true, host: '127.0.0.1', port, topic, storageName })
await server.ready
const peers = [{ host: '127.0.0.1', port }]
const [alice, bob] = [new ToolDb({ topic, peers }), new ToolDb({ topic, peers })]
await Promise.all([connected(alice), connected(bob)])
const nameOf = (db: ToolDb): string => db.userAccount.getAddress() ?? ''

// Each has a document of his own, under his own name; what is put are his changes, what is got are everybody's.
const [map, other] = [new MapCrdt<string>(nameOf(alice)), new MapCrdt<string>(nameOf(bob))]
map.SET('colour', 'green')
other.SET('size', 'large')
await Promise.all([alice.putCrdt('settings', map), bob.putCrdt('settings', other)])
await settled(async () => {
  await alice.getCrdt('settings', map)
  return Object.keys(map.value).length === 2
})
console.log(`Settings: ${map.value['colour']}, ${map.value['size']}`)

// A subscription brings changes as they are written: merge what comes.
const list = new ListCrdt<string>(nameOf(bob))
bob.addKeyListener('shopping', ({ v }) => list.mergeChanges(v))
await bob.subscribeData('shopping')
const hers = new ListCrdt<string>(nameOf(alice))
hers.PUSH('bread')
hers.PUSH('salt')
hers.INS('butter', 1)
await alice.putCrdt('shopping', hers)
await settled(() => list.value.length === 3)
console.log(`Shopping: ${list.value.join(', ')}`)

const visits = new CounterCrdt(nameOf(alice))
visits.ADD(3)
visits.SUB(1)
await alice.putCrdt('visits', visits)
const read = new CounterCrdt(nameOf(bob))
await settled(async () => {
  await bob.getCrdt('visits', read)
  return read.value === 2
})
console.log(`Visits: ${read.value}`)

/** The greatest number that anybody wrote. Where a change has a text as `a`, it counts only if that is who signed it. */
class Highest extends BaseCrdt<number, { readonly v: number; readonly a: string }, number> {
  override readonly type: string = 'HIGHEST'
  readonly #author: string
  readonly #changes = new Map<string, { readonly v: number; readonly a: string }>()

  constructor(author: string) {
    super()
    this.#author = author
  }

  write(v: number): void {
    this.mergeChanges([{ v, a: this.#author }])
  }

  override mergeChanges(changes: { readonly v: number; readonly a: string }[]): void {
    for (const change of changes) this.#changes.set(JSON.stringify(change), change)
  }

  override getChanges(): { readonly v: number; readonly a: string }[] {
    return [...this.#changes.values()]
  }

  override get value(): number {
    return Math.max(0, ...this.getChanges().map(({ v }) => v))
  }
}

const [best, seen] = [new Highest(nameOf(alice)), new Highest(nameOf(bob))]
best.write(7)
seen.write(5)
await Promise.all([alice.putCrdt('best', best), bob.putCrdt('best', seen)])
await settled(async () => {
  await bob.getCrdt('best', seen)
  return seen.value === 7
})
console.log(`Highest: ${seen.value}`)

await Promise.all([alice.close(), bob.close(), server.close()])

async function connected(db: ToolDb): Promise<void> {
  await db.ready
  if (!db.isConnected) await new Promise<void>((resolve) => (db.onConnect = resolve))
}

/** A put resolves when it is stored here; it is with the others a moment later. */
async function settled(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20))
}
