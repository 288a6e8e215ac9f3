import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { createTopic, fetchOnce, produce, startLiveBroker } from '../../test/support/live-broker.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { FindCoordinator } from '../protocol/messages/find-coordinator.ts'
import { InitProducerId } from '../protocol/messages/init-producer-id.ts'
import { JoinGroup } from '../protocol/messages/join-group.ts'
import { buildBatch } from '../protocol/record.ts'

/** The value of a metric; the sum where there are several of the name. */
function valueIn(text: string, name: string): number {
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))]
  if (values.length === 0) throw new Error(`no ${name}`)
  return values.reduce((sum, [, value]) => sum + Number(value), 0)
}

test('what writes the text is not loaded before somebody asks', async () => {
  const isLoaded = () =>
    Object.keys(createRequire(import.meta.url).cache).some(path => path.includes('prom-client'))
  const { broker, client } = await startLiveBroker()
  await createTopic(client, 't')
  await produce(client, 't', ['a'])
  expect(isLoaded()).toBe(false)
  await broker.metrics()
  expect(isLoaded()).toBe(true)
})

test('every bound tells how much of it is used, and what was turned away', async () => {
  const { broker } = await startLiveBroker()
  const text = await broker.metrics()
  const bounds: [what: string, used: string, over?: string][] = [
    [
      'frames and what they hold',
      'loggerhead_request_bytes_held',
      'loggerhead_connections_closed_total{reason="refused-request"}',
    ],
    [
      'request bytes in flight',
      'loggerhead_request_bytes_held_max',
      'loggerhead_request_memory_exhausted_total',
    ],
    ['requests that wait on a connection', 'loggerhead_connections_paused'],
    [
      'response bytes that wait',
      'loggerhead_response_bytes_waiting',
      'loggerhead_connections_closed_total{reason="takes-no-answers"}',
    ],
    ['connections', 'loggerhead_connections', 'loggerhead_connections_refused_total'],
    ['idle connections', 'loggerhead_connections_max', 'loggerhead_connections_closed_total{reason="idle"}'],
    ['half frames', 'loggerhead_connections', 'loggerhead_connections_closed_total{reason="slow-request"}'],
    ['fetch sessions', 'loggerhead_fetch_sessions', 'loggerhead_fetch_sessions_max'],
    ['groups', 'loggerhead_groups', 'loggerhead_groups_max'],
    ['producer ids', 'loggerhead_producer_ids', 'loggerhead_producer_ids_forgotten_total'],
    ['topics and partitions', 'loggerhead_topics', 'loggerhead_partitions'],
    ['segment handles', 'loggerhead_open_files', 'loggerhead_open_files_max'],
    ['the tail in memory', 'loggerhead_tail_cache_bytes', 'loggerhead_tail_cache_bytes_max'],
    ['buffers kept', 'loggerhead_buffer_pool_free_bytes'],
    ['the journal', 'loggerhead_journal_file_bytes'],
  ]
  for (const [what, used, over] of bounds) {
    expect(text, what).toMatch(new RegExp(`^${used}[{ ]`, 'm'))
    if (over) expect(text, what).toContain(over)
  }
})

test('numbers follow what happens', async () => {
  const { broker, client, connect } = await startLiveBroker()
  await connect()
  await createTopic(client, 't', { partitions: 3 })
  const { producerId } = await client.request(InitProducerId, 4, {
    transactionalId: null,
    transactionTimeoutMs: 0,
  })
  const records = [{ value: 'a', timestamp: Date.now() }]
  await produce(client, 't', buildBatch(records, { producerId, producerEpoch: 0, baseSequence: 0 }))
  await fetchOnce(client, 't', 0)
  await client.request(FindCoordinator, 3, { key: 'g' })
  const joined = await client.request(JoinGroup, 3, {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
  })
  expect(joined.errorCode).toBe(ErrorCode.NONE)
  const bad = await connect()
  bad.send(Buffer.from('ffffffff', 'hex'))
  await bad.closed

  const text = await broker.metrics()
  const expected: { [name: string]: number } = {
    loggerhead_connections: 2,
    loggerhead_connections_accepted_total: 3,
    'loggerhead_connections_closed_total\\{reason="refused-request"\\}': 1,
    'loggerhead_requests_total\\{api="Produce"\\}': 1,
    'loggerhead_request_seconds_count\\{api="Fetch"\\}': 1,
    'loggerhead_request_seconds_bucket\\{api="Produce",le="\\+Inf"\\}': 1,
    loggerhead_request_bytes_held: 0,
    loggerhead_response_bytes_waiting: 0,
    loggerhead_groups: 1,
    loggerhead_producer_ids: 1,
    loggerhead_logs_damaged: 0,
    loggerhead_log_directory_offline: 0,
  }
  for (const [name, value] of Object.entries(expected)) expect(valueIn(text, name), name).toBe(value)
  const bytes = valueIn(text, 'loggerhead_log_bytes\\{topic="t"\\}')
  expect(bytes).toBeGreaterThan(60)
  for (const name of [
    'tail_cache_bytes',
    'journal_rounds_total',
    'journal_bytes_total',
    'partitions',
    'buffers_total',
  ]) {
    expect(valueIn(text, `loggerhead_${name}`), name).toBeGreaterThan(0)
  }
})
