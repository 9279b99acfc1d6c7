/** Each value once, in the order of first appearance. */
export function uniq<T>(values: T[]): T[] {
  return [...new Set(values)]
}
