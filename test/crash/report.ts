/** What a crash run prints: a line a check as it ends, skipped ones loudly, and the counts at the end. */
export class Report {
  #passed = 0
  #failed = 0
  #skipped = 0

  pass(what: string): void {
    this.#passed++
    console.log(`ok      ${what}`)
  }

  fail(what: string, problems: readonly string[]): void {
    this.#failed++
    console.log(`FAILED  ${what}`)
    const shown = 10
    for (const problem of problems.slice(0, shown)) console.log(`        ${problem}`)
    if (problems.length > shown) console.log(`        and ${problems.length - shown} more`)
  }

  /** Passes when there is no problem. */
  judge(what: string, problems: readonly string[]): void {
    if (problems.length === 0) this.pass(what)
    else this.fail(what, problems)
  }

  skip(what: string, why: string): void {
    this.#skipped++
    console.log(`SKIPPED ${what}: NOT TESTED HERE: ${why}`)
  }

  /** Prints the last lines; gives the exit code. */
  finish(): number {
    if (this.#skipped > 0) console.log(`${this.#skipped} skipped`)
    console.log(`${this.#passed} passed, ${this.#failed} failed`)
    return this.#failed === 0 ? 0 : 1
  }
}
