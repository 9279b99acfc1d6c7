/** `shoal dht …`: the DHT by itself, without topics of a database: a plain node, and single operations. */

import { Command } from 'commander'
import type { Run } from '../lifecycle.ts'
import { dhtAnnounceCommand } from './dht-announce.ts'
import { dhtGetCommand } from './dht-get.ts'
import { dhtLookupCommand } from './dht-lookup.ts'
import { dhtNodeCommand } from './dht-node.ts'
import { dhtPingCommand } from './dht-ping.ts'
import { dhtPutCommand } from './dht-put.ts'
import { dhtSampleCommand } from './dht-sample.ts'

export function dhtCommand(run: Run): Command {
  return new Command('dht')
    .description('the BitTorrent DHT by itself: run a node, or do one operation')
    .addCommand(dhtNodeCommand(run))
    .addCommand(dhtPingCommand(run))
    .addCommand(dhtLookupCommand(run))
    .addCommand(dhtAnnounceCommand(run))
    .addCommand(dhtPutCommand(run))
    .addCommand(dhtGetCommand(run))
    .addCommand(dhtSampleCommand(run))
}
