import { IncrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { alterEach } from '../config-answers.ts'
import { handler } from '../handler.ts'

/** IncrementalAlterConfigs: sets, deletes, appends to and subtracts from single settings. Each resource is answered on its own. */
export const incrementalAlterConfigs = handler(IncrementalAlterConfigs, {
  versions: [0, 1],
  notes: 'All resources of Kafka: topics, brokers, loggers, groups, client metrics.',
  async handle({ resources, validateOnly }, { broker }) {
    const alterations = resources.map(({ resourceType, resourceName, configs }) => ({
      resourceType,
      resourceName,
      operations: configs.map(({ name, configOperation, value }) => ({
        name,
        operation: configOperation,
        value,
      })),
    }))
    return { responses: await alterEach(alterations, validateOnly, broker) }
  },
})
