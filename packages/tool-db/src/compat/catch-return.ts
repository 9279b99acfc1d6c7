/** For `.catch(catchReturn)`: a failure becomes `undefined`. */
export function catchReturn(_reason: unknown): undefined {
  return undefined
}
