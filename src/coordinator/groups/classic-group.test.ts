import { describe } from 'vitest'
import { GroupScript } from '../../../test/support/group-script.ts'
import { describeTranscripts } from '../../../test/support/transcript.ts'

describe('a classic group', () => {
  describeTranscripts(new URL('./testdata/', import.meta.url), () => {
    const script = new GroupScript()
    return command => script.run(command)
  })
})
