/**
 * A process with a LevelDB store, for tests that end it.
 * hold DIR: opens it and says so. write DIR DURABILITY FROM: commits row after row, and says each once it is acknowledged.
 * fill DIR: commits until the engine fails, and says the code and how many were acknowledged.
 */
import { writeSync } from 'node:fs'
import { LevelDbStore } from '../../dist/store/leveldb.js'

const [command, directory, durability, from] = process.argv.slice(2)
const store = new LevelDbStore(directory)
const say = (line) => writeSync(1, `${line}\n`)
const commit = (i, value, level) => store.commit([{ kind: 'set', key: `k${i}`, value }], new Map(), level)

await store.ready
switch (command) {
  case 'hold':
    say('open')
    process.stdin.resume()
    process.stdin.once('end', () => store.close())
    break
  case 'write':
    say('open')
    for (let i = Number(from); ; i += 10) {
      await Promise.all(
        Array.from({ length: 10 }, async (_, k) => {
          await commit(i + k, String(i + k), durability)
          say(i + k)
        }),
      )
    }
  case 'fill':
    for (let i = 0; ; i++) {
      try {
        await commit(i, JSON.stringify('x'.repeat(10_000)), 'sync')
      } catch (error) {
        say(JSON.stringify({ acknowledged: i, code: error.code, cause: error.cause?.message }))
        const next = await commit(-1, '1', 'sync').catch((again) => again.code)
        say(JSON.stringify({ next }))
        break
      }
    }
    await store.close()
}
