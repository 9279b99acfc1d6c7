/** Carries out what goes wrong in a plan, and ends it again: each by itself, or all at once at the end. */

import type { Millis } from '@shoal/base'
import type { DatabaseHost } from '../database/database-host.ts'
import type { DatabaseWorld } from '../database/database-world.ts'
import type { Disk } from '../database/disk.ts'
import type { HostileServer } from './hostile-server.ts'
import type { Fault } from './plan.ts'

export class Faults {
  readonly #database: DatabaseWorld
  readonly #hostile: ReadonlyMap<string, HostileServer>
  readonly #byName = new Map<string, DatabaseHost>()
  /** What each disk held once, taken now and then. BOUNDED: by the hosts. */
  readonly #backups = new Map<DatabaseHost, ReturnType<Disk['copy']>>()
  /** Parts of the network by fault, the newest last. BOUNDED: by the faults. */
  readonly #parts: ReadonlySet<string>[] = []
  /** Disks that fail, clocks that were set: by fault. BOUNDED: by the faults. */
  readonly #ends = new Set<() => void>()

  constructor(database: DatabaseWorld, hostile: ReadonlyMap<string, HostileServer>) {
    this.#database = database
    this.#hostile = hostile
    for (const host of database.hosts) this.#byName.set(host.name, host)
  }

  start(fault: Fault): void {
    switch (fault.kind) {
      case 'part':
        this.#part(new Set(fault.hosts), fault.lasts)
        return
      case 'cut': {
        const [a, b] = fault.hosts.map((name) => this.#byName.get(name))
        if (a !== undefined && b !== undefined && a !== b) this.#database.cut(a, b)
        return
      }
      case 'mischief':
        this.#hostile.get(fault.host)?.act(fault.what, fault.count)
        return
      default: {
        const host = this.#byName.get(fault.host)
        if (host !== undefined) this.#strike(host, fault)
      }
    }
  }

  endAll(): void {
    for (const end of this.#ends) end()
    this.#parts.length = 0
    this.#database.world.heal()
    for (const host of this.#database.hosts) {
      this.#database.thaw(host)
      if (host.isHonest) this.#database.start(host)
      else this.#database.stop(host, 'process')
    }
  }

  /** To be put back one day. */
  backUp(host: DatabaseHost): void {
    this.#backups.set(host, host.disk.copy())
  }

  #strike(host: DatabaseHost, fault: Exclude<Fault, { kind: 'part' | 'cut' | 'mischief' }>): void {
    const database = this.#database
    switch (fault.kind) {
      case 'crash':
        if (!host.isUp) return
        database.stop(host, fault.how)
        if (host.hasDisk) database.replaceDisk(host, fault.disk, this.#backups.get(host))
        this.#later(fault.lasts, () => database.start(host))
        return
      case 'freeze':
        database.freeze(host)
        this.#later(fault.lasts, () => database.thaw(host))
        return
      case 'clock':
        database.world.jumpClock(host.host, fault.by)
        this.#later(fault.lasts, () => database.world.jumpClock(host.host, -fault.by))
        return
      case 'disk-fails':
        if (!host.hasDisk) return
        host.disk.isFailing = true
        this.#later(fault.lasts, () => {
          host.disk.isFailing = false
        })
        return
    }
  }

  #part(hosts: ReadonlySet<string>, lasts: Millis): void {
    this.#parts.push(hosts)
    this.#divide()
    this.#later(lasts, () => {
      const at = this.#parts.indexOf(hosts)
      if (at >= 0) this.#parts.splice(at, 1)
      this.#divide()
    })
  }

  /** Several parts at once divide further. */
  #divide(): void {
    const byHost = new Map(this.#database.hosts.map((host) => [host.host.name, host]))
    this.#database.world.partition(({ name }) => {
      const host = byHost.get(name)
      return this.#parts.reduce((side, part) => side * 2 + (host !== undefined && part.has(host.name) ? 1 : 0), 0)
    })
  }

  #later(lasts: Millis, run: () => void): void {
    const end = (): void => {
      if (this.#ends.delete(end)) run()
    }
    this.#ends.add(end)
    this.#database.world.at(this.#database.now + lasts, end)
  }
}
