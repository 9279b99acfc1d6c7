/** `shoal doctor`: what stops this machine from being found, and what to do about it. */

import { Command, Option } from 'commander'
import type { Check } from '../doctor/check.ts'
import { examine } from '../doctor/examine.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import type { CommandContext, Run } from '../lifecycle.ts'
import { type PeerFlags, withPeerFlags, withTopicFlag } from '../options.ts'
import type { Output } from '../output.ts'
import { hanging } from '../terminal.ts'
import { parseListenPort } from '../values.ts'
import { Deadline } from '../waiting.ts'

interface Flags extends PeerFlags {
  readonly port: number
}

const DEFAULT_PORT = 9_000
/** Room for the longest name, so that the details stand in one column. */
const NAME_WIDTH = 20
const INDENT = NAME_WIDTH + 4

export function doctorCommand(run: Run): Command {
  const command = new Command('doctor')
    .description('what stops this machine from being found, and the fix')
    .addOption(
      new Option('--port <port>', 'the port that a server shall have')
        .argParser(parseListenPort('--port'))
        .default(DEFAULT_PORT),
    )
  return withPeerFlags(withTopicFlag(command)).action((flags: Flags) => run(flags, (context) => doctor(context, flags)))
}

async function doctor(context: CommandContext, flags: Flags): Promise<ExitCode> {
  const { output } = context
  let failures = 0
  for await (const check of examine(context, { flags, port: flags.port, deadline: new Deadline(flags.timeout) })) {
    if (context.signal.aborted) return EXIT.ok
    if (check.ok === false) failures++
    tell(output, check)
  }
  output.progress()
  output.line('')
  output.line(
    failures === 0
      ? output.paint('green', 'Nothing was found that stops this machine from being found.')
      : output.paint('yellow', `${failures} ${failures === 1 ? 'thing needs' : 'things need'} attention.`),
  )
  return failures === 0 ? EXIT.ok : EXIT.failed
}

function tell(output: Output, { name, ok, detail, fix }: Check): void {
  const sign =
    ok === true ? output.paint('green', '✓') : ok === false ? output.paint('red', '✗') : output.paint('dim', '·')
  const width = output.width
  const text = hanging(detail, { width, indent: INDENT })
  const line = `${sign} ${name.padEnd(NAME_WIDTH)}  ${ok === null ? output.paint('dim', text) : text}`
  output.event('check', { name, ok, detail, fix }, line)
  if (fix === null) return
  const blanks = ' '.repeat(INDENT)
  output.line(`${blanks}${output.paint('cyan', hanging(`→ ${fix}`, { width, indent: INDENT }))}`)
}
