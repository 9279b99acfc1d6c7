/** Tells the ends of channels apart. */

let nextId = 1

export function nextEndId(): number {
  return nextId++
}
