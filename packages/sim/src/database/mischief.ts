/** What the owner of a hostile peer has made of our program: it looks at what goes in and out, and says something else. */

/** Frames to hand on in place of the one that there is; none where it is swallowed. */
export interface Tampered {
  /** To the node, or to the peer. */
  readonly onward: readonly string[]
  /** Back to where it came from. */
  readonly back: readonly string[]
}

export interface Mischief {
  handleIncoming(text: string): Tampered
  handleOutgoing(text: string): Tampered
}
