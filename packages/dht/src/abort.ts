/**
 * One listener for each signal, however many wait for it: a caller may well end hundreds of lookups by one signal, and a
 * platform warns of a leak where a signal has more than ten.
 */

/** BOUNDED: by the callers' signals, and those who wait for each. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls back once when the signal aborts, unless it is released before. */
export function whenAborted(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {}
  const callbacks = waiting.get(signal) ?? listenTo(signal)
  callbacks.add(callback)
  return () => void callbacks.delete(callback)
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>()
  waiting.set(signal, callbacks)
  signal.addEventListener(
    'abort',
    () => {
      for (const callback of callbacks) callback()
      callbacks.clear()
    },
    { once: true },
  )
  return callbacks
}
