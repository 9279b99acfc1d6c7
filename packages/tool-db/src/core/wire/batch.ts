/**
 * Several messages of one turn in one text frame: a line feed, then the messages with a line feed between each two. JSON as
 * we write it has none, so nothing is escaped and each message is parsed, and refused, by itself. Only between peers that both
 * named the feature, and only in clear: what is sealed shares frames of its own.
 */

/** Together, in UTF-16 units. Few enough that a slow line does not hold the first back for long, and a turn stays short. */
export const BATCH_SIZE_MAX = 16_384
export const BATCH_COUNT_MAX = 256
/** Bytes that a frame may have where batches are to be taken: three for each unit, and the marks. */
export const BATCH_FRAME_SIZE_MIN = 65_536

const MARK = '\n'

/** False for one with a line feed in it, as a row of another program may have: it goes alone. */
export function mayJoin(text: string): boolean {
  return !text.includes(MARK)
}

export function sizeInBatch(text: string): number {
  return MARK.length + text.length
}

/** One by itself stays as it is. */
export function joined(texts: readonly string[]): string {
  return texts.length === 1 ? (texts[0] as string) : MARK + texts.join(MARK)
}

export function isBatch(frame: string | Uint8Array): frame is string {
  return typeof frame === 'string' && frame.startsWith(MARK)
}

/** The texts in a batch, whatever they are; `undefined` where it is larger than anybody may send. */
export function textsOf(batch: string): readonly string[] | undefined {
  if (batch.length > BATCH_SIZE_MAX) return undefined
  const texts = batch.slice(MARK.length).split(MARK, BATCH_COUNT_MAX + 1)
  return texts.length > BATCH_COUNT_MAX ? undefined : texts
}
