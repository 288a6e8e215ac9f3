/** A consumer of @platformatic/kafka in a process of its own: BOOTSTRAP GROUP TOPIC. A line a record. */
import { createConsumer } from '../platformatic/client.ts'

const [bootstrap, groupId, topic] = process.argv.slice(2) as [string, string, string]
const consumer = createConsumer(bootstrap, groupId, { sessionTimeout: 6_000 })
const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' })
let sinceCommit = 0
for await (const message of stream) {
  console.log(`${message.partition} ${message.offset} ${message.value}`)
  if (++sinceCommit % 10 === 0) await message.commit()
}
