/**
 * Where Loggerhead answers otherwise than Apache Kafka 4.3 on purpose. Each entry is checked on both sides: Kafka
 * must still answer `kafka` there, and Loggerhead `loggerhead`; `undefined` stands for "no such answer".
 */
export interface Difference {
  /** `CLIENT > TITLE` of the scenario. */
  scenario: string
  /** The path of the answer within what the scenario returns, such as `topics.0.errorCode`. */
  path: string
  kafka: unknown
  loggerhead: unknown
  reason: string
}

const synced = 'acknowledged records are on the disk unless a setting says otherwise'
const noElr =
  'Apache Kafka sets min.insync.replicas for the cluster when its feature of eligible leader replicas is on; ' +
  'Loggerhead has no such feature'
const untouched =
  'compressed batches are stored as they come, unopened unless the topic asks for what is in them'
const reasoned = 'Apache Kafka names its own surprise here; a client can do more with what was wrong'

const kafkajsSettings = 'kafkajs topics > describes every setting of a topic with its source'
const toolTopics = 'kafka-tools > kafka-topics creates, lists, describes, alters and deletes'
const lies = 'raw records > refuses batches that lie'

export const differences: readonly Difference[] = [
  {
    scenario: 'raw configs > refuses settings of brokers',
    path: 'minIsrOfOne',
    kafka: 40,
    loggerhead: 0,
    reason: noElr,
  },
  {
    scenario: 'raw configs > changes levels of loggers',
    path: 'unknownOperation',
    kafka: -1,
    loggerhead: 42,
    reason: reasoned,
  },
  {
    scenario: kafkajsSettings,
    path: 'settings.flush.messages.configValue',
    kafka: '9223372036854775807',
    loggerhead: '1',
    reason: synced,
  },
  {
    scenario: 'java > describes every setting of a topic',
    path: 'flush.messages',
    kafka: '9223372036854775807 DEFAULT_CONFIG LONG false',
    loggerhead: '1 DEFAULT_CONFIG LONG false',
    reason: synced,
  },
  {
    scenario: 'platformatic > creates, lists, extends and deletes a topic',
    path: 'created.configuration.flush.messages',
    kafka: '9223372036854775807',
    loggerhead: '1',
    reason: synced,
  },
  {
    scenario: kafkajsSettings,
    path: 'settings.min.insync.replicas.configSource',
    kafka: 3,
    loggerhead: 5,
    reason: noElr,
  },
  {
    scenario: kafkajsSettings,
    path: 'settings.min.insync.replicas.isDefault',
    kafka: false,
    loggerhead: true,
    reason: noElr,
  },
  {
    scenario: 'java > describes every setting of a topic',
    path: 'min.insync.replicas',
    kafka: '1 DYNAMIC_DEFAULT_BROKER_CONFIG INT false',
    loggerhead: '1 DEFAULT_CONFIG INT false',
    reason: noElr,
  },
  {
    scenario: toolTopics,
    path: 'described.rows.0.8',
    kafka: 'min.insync.replicas=1,retention.ms=100000',
    loggerhead: 'retention.ms=100000',
    reason: noElr,
  },
  { scenario: lies, path: 'codes.notReallyGzip', kafka: -1, loggerhead: 0, reason: untouched },
  { scenario: lies, path: 'end.offset', kafka: 3, loggerhead: 4, reason: untouched },
  { scenario: lies, path: 'codes.unknownCodec', kafka: -1, loggerhead: 87, reason: reasoned },
  {
    scenario: lies,
    path: 'codes.transactional',
    kafka: 53,
    loggerhead: 87,
    reason: 'transactions come later',
  },
  {
    scenario: 'raw records > takes offsets beyond the integers of JavaScript for what they are',
    path: '',
    kafka: 1,
    loggerhead: 'closed',
    reason: 'an offset beyond 2^53 is refused, as it could not be told from its neighbours',
  },
]
