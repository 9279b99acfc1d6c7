/** The command line: which commands there are, and how a wrong one is answered. */

import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { demoCommand } from './commands/demo.ts'
import { dhtCommand } from './commands/dht.ts'
import { doctorCommand } from './commands/doctor.ts'
import { exportCommand } from './commands/export.ts'
import { findCommand } from './commands/find.ts'
import { getCommand } from './commands/get.ts'
import { importCommand } from './commands/import.ts'
import { inviteCommand } from './commands/invite.ts'
import { keysCommand } from './commands/keys.ts'
import { putCommand } from './commands/put.ts'
import { serveCommand } from './commands/serve.ts'
import { testnetCommand } from './commands/testnet.ts'
import { topicCommand, withPeerIdsLast } from './commands/topic.ts'
import { watchCommand } from './commands/watch.ts'
import { CommandLineError } from './failure.ts'
import { type ProcessLike, type Run, report, runCommand } from './lifecycle.ts'
import type { OutputFlags } from './options.ts'
import { Output } from './output.ts'
import type { Stream, TerminalEnvironment } from './terminal.ts'
import { type TopicInput, takeTopicFile } from './topic-file.ts'

export interface CommandLineInit {
  readonly stdout: Stream
  readonly stderr: Stream
  readonly environment: TerminalEnvironment
  readonly process: ProcessLike
  /** Standard input, of which only --topic-file - makes use. */
  readonly input: TopicInput
}

const EXAMPLES = `
Examples:
  shoal demo                                    the whole story, on this machine
  shoal serve --topic mytopic --port 9000       a server, anywhere
  shoal find mytopic                            who serves the topic
  shoal put hello '{"from":"me"}' --topic mytopic
  shoal get hello --topic mytopic
`

/** Never throws: what goes wrong is said on stderr, and `process.exitCode` is set. */
export async function runCommandLine(args: readonly string[], init: CommandLineInit): Promise<void> {
  const run: Run = (flags, body) => runCommand(makeOutput(flags, init), init.process, body)
  const program = makeProgram(run, init)
  if (args.length === 0) return program.outputHelp()
  try {
    await program.parseAsync(withPeerIdsLast(args), { from: 'user' })
  } catch (error) {
    // Help and version are "errors" of exit code 0 to the parser.
    if (error instanceof CommandLineError && error.parserError.exitCode === 0) return
    init.process.exitCode = report(makeOutput({}, init), error)
  }
}

function makeProgram(run: Run, init: CommandLineInit): Command {
  const program = new Command('shoal')
  program
    .description('Servers and clients that find each other knowing only a topic, and share one signed database.')
    .version(ownVersion(), '--version', 'print the version')
    .helpCommand('help [command]', 'explain a command')
    .addHelpText('after', EXAMPLES)
  const commands = [
    demoCommand(run),
    serveCommand(run),
    findCommand(run),
    putCommand(run),
    getCommand(run),
    keysCommand(run),
    watchCommand(run),
    dhtCommand(run),
    inviteCommand(run),
    topicCommand(run),
    testnetCommand(run),
    exportCommand(run),
    importCommand(run),
    doctorCommand(run),
  ]
  for (const command of commands) program.addCommand(command)
  program.hook('preAction', (_, command) => takeTopicFile(command, init.input, makeOutput(command.opts(), init)))
  everyCommand(program, (command) => {
    command.exitOverride((error) => {
      throw new CommandLineError(error, nameOf(command))
    })
    command.configureOutput({
      writeOut: (text) => init.stdout.write(text),
      // A wrong command line gets our sentence, said once, where the error is caught.
      writeErr: () => {},
      outputError: () => {},
    })
  })
  return program
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`
}

function everyCommand(command: Command, apply: (command: Command) => void): void {
  apply(command)
  for (const child of command.commands) everyCommand(child, apply)
}

function makeOutput(flags: OutputFlags, init: CommandLineInit): Output {
  const { stdout, stderr, environment } = init
  return new Output({ json: flags.json === true, level: flags.logLevel ?? 'warn', stdout, stderr, environment })
}

function ownVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
