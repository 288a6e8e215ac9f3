import { expect, test } from 'vitest'
import { subscription } from '../../../test/support/group-script.ts'
import { subscribedTopics } from './subscription.ts'

test('gathers the topics of all members, whatever follows in later versions', () => {
  const later = Buffer.concat([subscription(['b', 'c']), Buffer.from('more')])
  expect(subscribedTopics([subscription(['a', 'b']), later])).toEqual(new Set(['a', 'b', 'c']))
})

test('knows nothing as soon as one member is not understood', () => {
  const whole = subscription(['topic'])
  expect(subscribedTopics([whole, Buffer.alloc(0)])).toBeNull()
  for (let length = 0; length < whole.length - 4; length++) {
    expect(subscribedTopics([whole.subarray(0, length)]), `${length} bytes`).toBeNull()
  }
  const negative = Buffer.from([0, 0, 0, 0, 0, 1, 0xff, 0xff])
  expect(subscribedTopics([negative])).toBeNull()
})
