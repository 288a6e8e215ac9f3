import { AlterConfigs } from '../../protocol/messages/alter-configs.ts'
import { alterEach } from '../config-answers.ts'
import { handler } from '../handler.ts'

/** AlterConfigs: replaces everything that is set for a resource; what is not named goes. IncrementalAlterConfigs took its place. */
export const alterConfigs = handler(AlterConfigs, {
  versions: [0, 2],
  notes: 'All resources of Kafka but loggers, as there.',
  async handle({ resources, validateOnly }, { broker }) {
    const alterations = resources.map(({ resourceType, resourceName, configs }) => ({
      resourceType,
      resourceName,
      replacement: configs,
    }))
    return { responses: await alterEach(alterations, validateOnly, broker) }
  },
})
