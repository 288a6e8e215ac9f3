import { KafkaError } from '../protocol/errors.ts'
import type { Setting } from './config-setting.ts'

/** What IncrementalAlterConfigs does with single settings of a resource: pure, from the settings that are to those that shall be. */
export const ConfigOperation = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const

export interface Operation {
  name: string
  /** One of `ConfigOperation`, or what a client made up. */
  operation: number
  value: string | null
}

export function applyOperations(
  present: ReadonlyMap<string, string>,
  operations: readonly Operation[],
  findSetting: (name: string) => Setting | undefined,
): ReadonlyMap<string, string> {
  const next = new Map(present)
  for (const { name, operation, value } of operations) {
    switch (operation) {
      case ConfigOperation.SET:
        next.set(name, value!)
        break
      case ConfigOperation.DELETE:
        next.delete(name)
        break
      case ConfigOperation.APPEND:
      case ConfigOperation.SUBTRACT:
        next.set(name, changedList(present.get(name), { name, operation, value }, findSetting(name)))
        break
      default:
        throw new KafkaError('INVALID_REQUEST', `Unknown operations type ${operation}`)
    }
  }
  return next
}

/** A list that was not set is changed from Kafka's default for it, whatever the broker's is. */
function changedList(
  present: string | undefined,
  { name, operation, value }: Operation,
  setting: Setting | undefined,
): string {
  if (setting?.type !== 'LIST') {
    const word = operation === ConfigOperation.APPEND ? 'APPEND' : 'SUBTRACT'
    throw new KafkaError('INVALID_CONFIG', `Can't ${word} to key ${name} because its type is not LIST.`)
  }
  const items = itemsOf(present ?? setting.default ?? '')
  for (const item of value!.split(',').map(one => one.trim())) {
    const at = items.indexOf(item)
    if (operation === ConfigOperation.SUBTRACT && at >= 0) items.splice(at, 1)
    if (operation === ConfigOperation.APPEND && at < 0) items.push(item)
  }
  return items.join(',')
}

function itemsOf(list: string): string[] {
  return list
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}
