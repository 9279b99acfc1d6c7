/**
 * How a peer process talks with the test that started it: options as one JSON argument, events and answers as JSON
 * lines on stdout, commands as JSON lines on stdin. It ends when its stdin ends, so that none outlives its test.
 */
import { createInterface } from 'node:readline'

export const options = JSON.parse(process.argv[2] ?? '{}')

export function emit(event, fields = {}) {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`)
}

/**
 * Runs `commands[name](...args)` for each line `{ id, name, args }` and answers with an `answer` event.
 * `end` is awaited when stdin closes or SIGTERM arrives. What is npm's is then helped to its exit; a process that has only ours in
 * it (`isOurs`) must find its end by itself.
 */
export function serveCommands(commands, end, { isOurs = false } = {}) {
  const lines = createInterface({ input: process.stdin })
  lines.on('line', async (line) => {
    const { id, name, args = [] } = JSON.parse(line)
    try {
      emit('answer', { id, ok: true, value: (await commands[name](...args)) ?? null })
    } catch (error) {
      emit('answer', { id, ok: false, error: String(error?.message ?? error), code: error?.code })
    }
  })
  let ending = false
  const finish = async () => {
    if (ending) return
    ending = true
    lines.close()
    process.stdin.pause()
    await end?.()
    if (!isOurs) setTimeout(() => process.exit(0), 2_000).unref()
  }
  lines.on('close', finish)
  process.on('SIGTERM', finish)
}
