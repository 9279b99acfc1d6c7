/** Servers and clients of one topic in a world of DHT nodes, with connections between them. */

import type { Endpoint } from '@shoal/base'
import type { NodeId } from '@shoal/dht/core'
import { Streams } from '../network/streams.ts'
import type { Host } from '../world/host.ts'
import type { Program } from '../world/machine.ts'
import type { World } from '../world/world.ts'
import { type SwarmEvent, SwarmNode } from './swarm-node.ts'

export type SwarmHost = Host<SwarmNode>

export interface SwarmWorldInit {
  readonly world: World
  readonly infoHash: NodeId
  readonly bootstrap: () => readonly Endpoint[]
  /** Told of each server that has proved itself to somebody. */
  readonly onProven?: (host: SwarmHost, event: Extract<SwarmEvent, { kind: 'proven' }>) => void
}

/** Also the port of its DHT socket: hosts here have one. */
const PORT = 6_881

export class SwarmWorld {
  readonly world: World
  /** BOUNDED: by the scenario. */
  readonly servers: SwarmHost[] = []
  /** BOUNDED: by the scenario. */
  readonly clients: SwarmHost[] = []
  readonly #init: SwarmWorldInit
  readonly #streams: Streams

  constructor(init: SwarmWorldInit) {
    const { world } = init
    this.world = world
    this.#init = init
    const run = (host: Host, input: (node: SwarmNode, now: number) => void): void =>
      void world.run(host as SwarmHost, input)
    this.#streams = new Streams(world, {
      handleOpened: (host, opened) => run(host, (node, now) => node.handleOpened(now, opened)),
      handleDialFailed: (host, dial) => run(host, (node, now) => node.handleDialFailed(now, dial)),
      handleFrame: (host, channel, frame) => run(host, (node, now) => node.handleFrame(now, channel, frame)),
      handleClosed: (host, channel) => run(host, (node, now) => node.handleClosed(now, channel)),
    })
  }

  addServer(): SwarmHost {
    const host = this.#add(`server-${this.servers.length}`, PORT)
    this.servers.push(host)
    return host
  }

  addClient(): SwarmHost {
    const host = this.#add(`client-${this.clients.length}`, undefined)
    this.clients.push(host)
    return host
  }

  start(host: SwarmHost): void {
    this.#streams.handleStart(host)
    this.world.start(host)
  }

  /** In good order its connections are closed; where the power fails nobody is told. */
  stop(host: SwarmHost, how: 'orderly' | 'power' = 'orderly'): void {
    this.#streams.handleStop(host, how === 'power' ? 'power' : 'process')
    this.world.stop(host, how === 'power' ? 'crash' : 'orderly')
  }

  /** Another address: what was connected to the old one breaks. */
  move(host: SwarmHost): void {
    for (const other of [...this.servers, ...this.clients]) this.#streams.cut(host, other)
    this.world.move(host)
  }

  #add(name: string, port: number | undefined): SwarmHost {
    const { infoHash, bootstrap, onProven } = this.#init
    const mode = port === undefined ? 'client' : 'server'
    const program: Program<SwarmNode> = {
      create: (environment) => new SwarmNode(environment, { infoHash, port, dht: { bootstrap, mode } }),
      handleStart: (node, now) => node.start(now),
      save: (node) => node.save(),
      handleEvent: (_node, _now, event) => {
        if (event.kind === 'dial') this.#streams.dial(host, event.to, event.dial)
        else if (event.kind === 'send') this.#streams.send(event.channel, event.frame)
        else if (event.kind === 'hang-up') this.#streams.close(event.channel, 'hung up')
        else if (event.kind === 'proven') onProven?.(host, event)
      },
    }
    const host: SwarmHost = this.world.addHost({ name, program })
    return host
  }
}
