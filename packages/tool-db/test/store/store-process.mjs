/**
 * A process with a LevelDB store, for tests that end it.
 * hold DIR: opens it and says so. write DIR DURABILITY FROM: commits row after row, and says each once it is acknowledged.
 * pairs DIR DURABILITY [LENGTH COUNT]: commits two rows at a time, so often or for ever; values of this length, or short ones.
 * fill DIR: commits until the engine fails, and says the code and how many were acknowledged.
 * survive DIR [HEAL]: commits until the engine fails, reads on, says so, heals the disk by this shell command, waits until writes
 * are taken again, and dies.
 */
import { execSync } from 'node:child_process'
import { writeSync } from 'node:fs'
import { LevelDbStore } from '../../dist/store/leveldb.js'

const [command, directory, option, from, count = Number.POSITIVE_INFINITY] = process.argv.slice(2)
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
          await commit(i + k, String(i + k), option)
          say(i + k)
        }),
      )
    }
  case 'pairs':
    for (let i = 0; i < count; i++) {
      const rows = ['a', 'b'].map((name) => `${name}${i}`)
      const batch = rows.map((key) => ({ kind: 'set', key, value: JSON.stringify(from ? 'x'.repeat(from) : key) }))
      await store.commit(batch, new Map(), option)
      say(i)
    }
    break
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
    break
  case 'survive': {
    const health = []
    let onWriting = () => {}
    const recovered = new Promise((resolve) => (onWriting = resolve))
    store.onHealth(({ kind, error }) => {
      health.push(error?.code ?? kind)
      if (kind === 'writing') onWriting()
    })
    const value = JSON.stringify('x'.repeat(10_000))
    let acknowledged = 0
    let failure
    while (failure === undefined) {
      await commit(acknowledged, value, 'sync').then(
        () => acknowledged++,
        (error) => (failure = error),
      )
    }
    const refused = await commit('never', value, 'sync').catch((error) => error.code)
    const keys = Array.from({ length: acknowledged }, (_, i) => `k${i}`)
    const readable = (await store.readMany(keys)).filter((row) => row?.value === value).length
    say(JSON.stringify({ acknowledged, code: failure.code, message: failure.message, refused, readable }))
    if (option !== undefined) execSync(option)
    // Waiting for a disk keeps no process.
    const stay = setInterval(() => {}, 1_000)
    await recovered
    clearInterval(stay)
    await commit('after', '"after"', 'sync')
    say(JSON.stringify({ health, kept: (await store.readMany(keys)).filter((row) => row?.value === value).length }))
    // Not closed: as if it died now.
    process.kill(process.pid, 'SIGKILL')
  }
}
