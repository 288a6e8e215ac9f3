import { DescribeClientQuotas } from '../../protocol/messages/describe-client-quotas.ts'
import { handler } from '../handler.ts'
import { wireErrorOf } from '../wire-error.ts'

/** DescribeClientQuotas: the quotas whose entities match a filter, each with all its values. */
export const describeClientQuotas = handler(DescribeClientQuotas, {
  versions: [0, 1],
  handle({ components, strict }, { broker }) {
    try {
      const found = broker.cluster.metadata.clientQuotas.find(components, strict)
      return {
        errorCode: 0,
        errorMessage: '',
        entries: found.map(({ entity, values }) => ({
          entity: Array.from(entity, ([entityType, entityName]) => ({ entityType, entityName })),
          values: Array.from(values, ([key, value]) => ({ key, value })),
        })),
      }
    } catch (error) {
      return { ...wireErrorOf(error, broker.logger), entries: null }
    }
  },
})
