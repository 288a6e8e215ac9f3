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

export const differences: readonly Difference[] = []
