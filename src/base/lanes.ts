/** Runs over all items, at most so many at once; rejects with the first failure. */
export async function inLanes<T>(
  lanes: number,
  items: Iterable<T>,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = [...items][Symbol.iterator]()
  const lane = async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await run(next.value)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
