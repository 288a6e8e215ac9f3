/**
 * DescribeLogDirs: the broker's log directories and the replicas in them, with sizes.
 *
 * v4 total and usable bytes; v5 whether a directory is being emptied.
 */
import { api, arrayOf, bool, int16, int32, int64, string } from '../schema.ts'

export const DescribeLogDirs = api(35, 'DescribeLogDirs', {
  versions: [1, 5],
  flexibleSince: 2,
  request: {
    topics: arrayOf({ topic: string, partitions: arrayOf(int32) }).nullable(),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(3).default(0),
    results: arrayOf({
      errorCode: int16,
      logDir: string,
      topics: arrayOf({
        name: string,
        partitions: arrayOf({
          partitionIndex: int32,
          partitionSize: int64,
          offsetLag: int64,
          isFutureKey: bool,
        }),
      }),
      totalBytes: int64.since(4).default(-1),
      usableBytes: int64.since(4).default(-1),
      isCordoned: bool.since(5).default(false),
    }),
  },
})
