/** A kafkajs consumer in a process of its own, so that it can be killed: BOOTSTRAP GROUP TOPIC. A line a record. */
import { connectClient } from '../kafkajs/client.ts'

const [bootstrap, groupId, topic] = process.argv.slice(2) as [string, string, string]
const consumer = connectClient(bootstrap).consumer({
  groupId,
  sessionTimeout: 6_000,
  heartbeatInterval: 300,
  rebalanceTimeout: 10_000,
  maxWaitTimeInMs: 100,
})
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
await consumer.run({
  autoCommitInterval: 100,
  eachMessage: async ({ partition, message }) =>
    console.log(`${partition} ${message.offset} ${message.value}`),
})
