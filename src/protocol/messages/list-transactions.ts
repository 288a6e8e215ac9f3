/**
 * ListTransactions: transactions that this broker coordinates. v1 filter by duration; v2 filter by a pattern of ids.
 */
import { api, arrayOf, int16, int32, int64, string } from '../schema.ts'

export const ListTransactions = api(66, 'ListTransactions', {
  versions: [0, 2],
  flexibleSince: 0,
  request: {
    stateFilters: arrayOf(string),
    producerIdFilters: arrayOf(int64),
    durationFilter: int64.since(1).default(-1),
    transactionalIdPattern: string.since(2).nullable().default(null),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    unknownStateFilters: arrayOf(string),
    transactionStates: arrayOf({ transactionalId: string, producerId: int64, transactionState: string }),
  },
})
