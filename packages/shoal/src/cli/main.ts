/** The entry of the `shoal` command: hands the real process to the command line. */

import { EXIT } from './exit.ts'
import { describeCauses, describeFailure } from './failure.ts'
import { runCommandLine } from './program.ts'

// `shoal watch … | head -1`: the reader has what it wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed)
})
process.stderr.on('error', () => {})

// Node's own warnings are for those who write programs; stderr is for whoever runs this one.
if (!process.argv.includes('debug')) process.removeAllListeners('warning')

const crash = (error: unknown): void => {
  process.stderr.write(`shoal: ${describeFailure(error).sentence}\n`)
  if (process.argv.includes('debug')) process.stderr.write(`${describeCauses(error)}\n`)
  process.exit(EXIT.failed)
}
process.on('uncaughtException', crash)
process.on('unhandledRejection', crash)

await runCommandLine(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  process,
  input: process.stdin,
})
