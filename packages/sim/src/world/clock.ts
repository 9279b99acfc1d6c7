/** A host's own clock: it shows another time than the world's, and may be set. */

import type { Millis } from '@shoal/base'

export class HostClock {
  #offset: Millis

  constructor(offset: Millis) {
    this.#offset = offset
  }

  /** What the host's clock shows when the world's shows `world`. */
  shows(world: Millis): Millis {
    return world + this.#offset
  }

  /** When the host's clock shows `local`, by the world's. */
  worldTime(local: Millis): Millis {
    return local - this.#offset
  }

  jump(by: Millis): void {
    this.#offset += by
  }
}
