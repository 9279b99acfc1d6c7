/** `shoal demo`: the whole story on one machine. */

import { Command } from 'commander'
import { tellStory } from '../demo/story.ts'
import type { Run } from '../lifecycle.ts'
import { type OutputFlags, withOutputFlags } from '../options.ts'

export function demoCommand(run: Run): Command {
  const command = new Command('demo').description('the whole story on this machine alone, in a few seconds')
  return withOutputFlags(command).action((flags: OutputFlags) => run(flags, tellStory))
}
