/**
 * The topics that members of protocol type `consumer` subscribe to, read from the metadata that their assignor sends: int16 version,
 * then an array of topic names, then what later versions added. Null if any of it can't be read: then nobody knows.
 */
export function subscribedTopics(metadata: Iterable<Buffer>): ReadonlySet<string> | null {
  const topics = new Set<string>()
  for (const bytes of metadata) if (!addTopics(bytes, topics)) return null
  return topics
}

function addTopics(bytes: Buffer, topics: Set<string>): boolean {
  if (bytes.length < 6) return false
  let position = 6
  for (let left = bytes.readInt32BE(2); left > 0; left--) {
    if (position + 2 > bytes.length) return false
    const end = position + 2 + bytes.readInt16BE(position)
    if (end < position + 2 || end > bytes.length) return false
    topics.add(bytes.toString('utf8', position + 2, end))
    position = end
  }
  return true
}
