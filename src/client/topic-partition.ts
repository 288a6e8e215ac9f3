/** A partition by its name, and lists of them in the shape that requests have: by topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** A name for maps; a topic has no space in its name. */
export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`
}

export function byTopic<Item extends { readonly topic: string }>(items: Iterable<Item>): Map<string, Item[]> {
  const topics = new Map<string, Item[]>()
  for (const item of items) {
    const found = topics.get(item.topic)
    if (found) found.push(item)
    else topics.set(item.topic, [item])
  }
  return topics
}

/** By topic, then by number. */
export function inOrder<Item extends TopicPartition>(items: Iterable<Item>): Item[] {
  return [...items].sort((a, b) => compareText(a.topic, b.topic) || a.partition - b.partition)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
