/**
 * DeleteRecords: moves the log start of partitions forward; -1 moves it to the high watermark.
 */
import { api, arrayOf, int16, int32, int64, type RequestOf, type ResponseOf, string } from '../schema.ts'

export const DeleteRecords = api(21, 'DeleteRecords', {
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    topics: arrayOf({
      name: string,
      partitions: arrayOf({ partitionIndex: int32, offset: int64 }),
    }),
    timeoutMs: int32,
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: arrayOf({
      name: string,
      partitions: arrayOf({ partitionIndex: int32, lowWatermark: int64, errorCode: int16 }),
    }),
  },
})

export type DeleteRecordsTopic = RequestOf<typeof DeleteRecords>['topics'][number]
export type DeleteRecordsPartition = DeleteRecordsTopic['partitions'][number]
export type DeleteRecordsTopicResult = ResponseOf<typeof DeleteRecords>['topics'][number]
export type DeleteRecordsPartitionResult = DeleteRecordsTopicResult['partitions'][number]
