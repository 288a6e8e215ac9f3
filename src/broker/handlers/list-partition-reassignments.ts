import { ListPartitionReassignments } from '../../protocol/messages/list-partition-reassignments.ts'
import { handler } from '../handler.ts'

/** ListPartitionReassignments: on one node no partition ever moves to another; what is unknown is not listed either, as in Kafka. */
export const listPartitionReassignments = handler(ListPartitionReassignments, {
  versions: [0, 0],
  notes: 'On one node there is never one.',
  handle: () => ({ errorCode: 0, errorMessage: null, topics: [] }),
})
