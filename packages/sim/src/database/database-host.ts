/** A computer with a database on it: its keys, its disk, its program, and how it goes down. */

import type { Millis } from '@shoal/base'
import type { Host } from '../world/host.ts'
import type { DatabaseMachine } from './database-machine.ts'
import { Disk, type Durability } from './disk.ts'
import { SimKey } from './key.ts'
import type { Mischief } from './mischief.ts'

export interface DatabaseHostInit {
  readonly name: string
  readonly isServer: boolean
  readonly durability: Durability
  /** How long a batch takes to be written. */
  readonly writeDelay: Millis
  /** Without it the rows are in memory, and gone with the process. */
  readonly hasDisk: boolean
  /** What its owner has made of the program; `undefined` where it is as we ship it. */
  readonly mischief: Mischief | undefined
}

/** What a host has when it comes back. `old`: a backup was put in its place. */
export type DiskFate = 'kept' | 'lost' | 'old'

export class DatabaseHost {
  readonly name: string
  readonly isServer: boolean
  readonly user: SimKey
  readonly disk: Disk
  readonly writeDelay: Millis
  readonly hasDisk: boolean
  readonly mischief: Mischief | undefined
  /** Given by the world that it is in. */
  host!: Host<DatabaseMachine>
  /** How often its store was replaced by another: what was known of it no longer holds. */
  storeLives = 0
  /** How often its store may have gone back, which ends the sessions that read it. */
  sessions = 0
  #keyLives = 0

  constructor(init: DatabaseHostInit) {
    this.name = init.name
    this.isServer = init.isServer
    this.user = SimKey.named(`user ${init.name}`)
    this.disk = new Disk(init.durability)
    this.writeDelay = init.writeDelay
    this.hasDisk = init.hasDisk
    this.mischief = init.mischief
  }

  /** Lies on the disk too, so another one comes with an empty disk. */
  get key(): SimKey {
    return SimKey.named(`peer ${this.name} ${this.#keyLives}`)
  }

  get isHonest(): boolean {
    return this.mischief === undefined
  }

  get isUp(): boolean {
    return this.host.isUp
  }

  loseDisk(): void {
    this.disk.restore()
    this.storeLives++
    this.sessions++
    this.#keyLives++
  }

  restoreDisk(backup: ReturnType<Disk['copy']>): void {
    this.disk.restore(backup)
    this.storeLives++
    this.sessions++
  }
}
