/** What happened to sockets before or beside their messages, counted by name: only the code's own names are counted. */

export type SocketEvent =
  /** Turned away: too many, in all or of its prefix. */
  | 'refused'
  /** Took too long to open. */
  | 'opening-timed-out'
  /** The oldest of too many that were opening. */
  | 'pushed-out'
  /** A message over the limit. */
  | 'message-too-large'
  /** Takes nothing of what it is sent. */
  | 'not-reading'
  | 'no-sign-of-life'

export class SocketCounts {
  /** BOUNDED: by the kinds of event. */
  readonly #counts = new Map<SocketEvent, number>()

  add(event: SocketEvent): void {
    this.#counts.set(event, (this.#counts.get(event) ?? 0) + 1)
  }

  /** As they stand in `stats()`. */
  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].map(([event, count]) => [`sockets.${event}`, count]))
  }
}
