/** What the owner of a hostile peer has made of our program: it looks at what goes in and out, and says something else. */

/** Frames in place of the one that there is. */
export interface Tampered {
  /** To the node, or to the peer; none where it is swallowed. */
  readonly onward: readonly string[]
  /** Back to where it came from. */
  readonly back: readonly string[]
}

export interface Mischief {
  handleIncoming(channel: number, text: string): Tampered
  handleOutgoing(channel: number, text: string): Tampered
}
