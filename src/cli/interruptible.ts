/** A stream of input that ends at Ctrl-C, so that what was read before is still sent. */
import type { Terminal } from './terminal.ts'

export class Interruptible {
  readonly #chunks: AsyncIterable<Buffer>
  readonly #terminal: Terminal
  #isInterrupted = false

  constructor(chunks: AsyncIterable<Buffer>, terminal: Terminal) {
    this.#chunks = chunks
    this.#terminal = terminal
  }

  get isInterrupted(): boolean {
    return this.#isInterrupted
  }

  async *chunks(): AsyncGenerator<Buffer> {
    const iterator = this.#chunks[Symbol.asyncIterator]()
    const { promise: interrupted, resolve } = Promise.withResolvers<undefined>()
    const takeBack = this.#terminal.onInterrupt(() => {
      this.#isInterrupted = true
      resolve(undefined)
    })
    try {
      for (;;) {
        const coming = iterator.next()
        const next = await Promise.race([coming, interrupted])
        if (next === undefined) {
          // Closing the input fails the read that is under way; nobody waits for it any more.
          coming.catch(() => {})
          this.#terminal.closeInput()
          return
        }
        if (next.done) return
        yield next.value
      }
    } finally {
      takeBack()
    }
  }
}
