/** The answers of AlterConfigs and IncrementalAlterConfigs: one for each resource of the request, in its order. */
import { KafkaError } from '../protocol/errors.ts'
import type { Alteration } from './config-alterations.ts'
import type { BrokerContext } from './context.ts'
import { type WireError, wireErrorOf } from './wire-error.ts'

export interface AlterationAnswer extends WireError {
  resourceType: number
  resourceName: string
}

export async function alterEach(
  alterations: readonly Alteration[],
  validateOnly: boolean,
  broker: BrokerContext,
): Promise<AlterationAnswer[]> {
  const counts = new Map<string, number>()
  for (const alteration of alterations) {
    const key = keyOf(alteration)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const answers: AlterationAnswer[] = []
  for (const alteration of alterations) {
    const isRepeated = counts.get(keyOf(alteration))! > 1
    answers.push(await answer(alteration, isRepeated, validateOnly, broker))
  }
  return answers
}

async function answer(
  alteration: Alteration,
  isRepeated: boolean,
  validateOnly: boolean,
  { alterations, logger }: BrokerContext,
): Promise<AlterationAnswer> {
  const { resourceType, resourceName } = alteration
  try {
    if (isRepeated) throw new KafkaError('INVALID_REQUEST', 'Each resource must appear at most once.')
    await alterations.alter(alteration, validateOnly)
    return { errorCode: 0, errorMessage: null, resourceType, resourceName }
  } catch (error) {
    return { ...wireErrorOf(error, logger), resourceType, resourceName }
  }
}

function keyOf({ resourceType, resourceName }: Alteration): string {
  return `${resourceType}:${resourceName}`
}
