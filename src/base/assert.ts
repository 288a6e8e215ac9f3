/** A belief of ours turned out false. The broker stops on it (fail-stop); it is never sent to a client. */
export class AssertionError extends Error {
  override name = 'AssertionError'
}

/** Checks what must hold by construction. For what may happen in the world, throw a typed error instead. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}
