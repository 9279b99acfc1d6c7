import { join } from 'node:path'
import { expect } from 'vitest'
import { program, root, testNeeding } from '../../../../test/support/requirements.ts'
import { LevelDbStore } from '../../src/store/leveldb.ts'
import { type Child, child, STORE_PROCESS } from './child-process.ts'
import { temporaryDirectories } from './temporary-directory.ts'

const newDirectory = temporaryDirectories()
const STORE = `'${process.execPath}' '${STORE_PROCESS}' survive`

interface Failed {
  readonly acknowledged: number
  readonly code: string
  readonly message: string
  readonly refused: string
  readonly readable: number
}

/** Everything that was acknowledged can be read while writes are refused, and once they are taken again. */
async function survives(running: Child): Promise<Failed> {
  await running.until(() => told(running).length === 2)
  const [failed, after] = told(running) as [Failed, unknown]
  expect(failed).toMatchObject({ code: 'SHOAL_STORE_FAILED', refused: 'SHOAL_STORE_FAILED' })
  expect(failed.acknowledged).toBeGreaterThan(0)
  expect(failed.readable).toBe(failed.acknowledged)
  expect(after).toEqual({ health: ['SHOAL_STORE_FAILED', 'writing'], kept: failed.acknowledged })
  return failed
}

function told(running: Child): readonly unknown[] {
  return running.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
}

/** In a mount namespace of its own: a small file system that is gone with its process. */
function onSmallDisk(disk: string, script: string): Child {
  const commands = `set -e; mount -t tmpfs -o size=24m small ${disk}; ${script}`
  return child('/usr/bin/env', ['unshare', '--mount', 'bash', '-c', commands])
}

/** Shell command: opens the store, and says how long the values of these keys are, or why it can't. */
function reader(directory: string, keys: readonly string[]): string {
  const url = new URL('../../dist/store/leveldb.js', import.meta.url).href
  const program = `import { LevelDbStore } from "${url}"
    const store = new LevelDbStore("${directory}")
    try {
      const rows = await store.readMany(${JSON.stringify(keys)})
      console.log("read " + rows.map((row) => row?.value.length))
    } catch (error) { console.log(error.code + ": " + error.message) }
    await store.close()`
  return `'${process.execPath}' --input-type=module -e '${program}'`
}

const onDisks = testNeeding(root, program('unshare', 'util-linux'))

onDisks(
  '[ST-46] a disk that is full refuses writes with a sentence, serves reads, and takes writes again when there is room',
  async () => {
    const disk = newDirectory()
    const running = onSmallDisk(
      disk,
      `head -c 17000000 /dev/zero > ${disk}/ballast; ${STORE} ${disk}/store 'rm ${disk}/ballast' || true; ${reader(`${disk}/store`, ['k0', 'kafter'])}`,
    )
    const failed = await survives(running)
    expect(failed.message).toMatch(/^the disk that the store in .* lies on is full .*: make room there$/)
    await running.ended
    expect(running.lines.at(-1)).toBe('read 10002,7')
  },
  60_000,
)

onDisks('[ST-46] on a disk that is read-only, or full, the start ends with a sentence, and costs nothing', async () => {
  const disk = newDirectory()
  const read = reader(`${disk}/store`, ['k1', 'k2'])
  const running = onSmallDisk(
    disk,
    [
      `${read}; mount -o remount,ro ${disk}; ${read}; mount -o remount,rw ${disk}`,
      `head -c 30000000 /dev/zero > ${disk}/ballast || true; ${read}; rm ${disk}/ballast; ${read}`,
    ].join('; '),
  )
  await running.ended
  expect(running.lines).toEqual([
    'read ,',
    expect.stringMatching(
      /^SHOAL_STORE_UNWRITABLE: can't keep a store in .*: choose a directory that this user may write to$/,
    ),
    expect.stringMatching(/^SHOAL_STORE_FAILED: the disk that the store in .* lies on is full .*: make room there$/),
    'read ,',
  ])
})

const FAULTS = [
  [
    'answers a flush with an error',
    'fdatasync:error=EIO:when=6..7',
    /^could not write the store in .*Input\/output error/,
  ],
  ['turns read-only', 'write:error=EROFS:when=6..7', /^could not write the store in .*Read-only file system/],
  ['is full for a moment', 'write:error=ENOSPC:when=6..7', /^the disk that the store in .* lies on is full/],
] as const

for (const [what, fault, sentence] of FAULTS) {
  testNeeding(program('strace', 'strace'))(
    `[ST-46] a disk that ${what}: the commit is rejected, reads go on, and nothing acknowledged is lost`,
    async () => {
      const directory = newDirectory()
      // The first log of a new store: what the system is asked about other files is answered as ever.
      const log = join(directory, '000003.log')
      const running = child('/usr/bin/env', [
        ...['strace', '-f', '-qq', '-o', '/dev/null', '-P', log, '-e', `inject=${fault}`],
        ...[process.execPath, STORE_PROCESS, 'survive', directory],
      ])
      const failed = await survives(running)
      expect(failed.message).toMatch(sentence)
      await running.ended
      const store = new LevelDbStore(directory)
      const keys = Array.from({ length: failed.acknowledged }, (_, i) => `k${i}`)
      expect((await store.readMany([...keys, 'kafter'])).every((row) => row !== undefined)).toBe(true)
      await store.close()
    },
  )
}
