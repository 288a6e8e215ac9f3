import { expect, test } from 'vitest'
import { LinearPattern, PatternError } from './linear-pattern.ts'
import { SeededRandom } from './random.ts'

const TEXTS = [
  '',
  'a',
  'b',
  'ab',
  'aab',
  'abab',
  'a.b',
  'a-b',
  'A1_',
  '12',
  ' \t',
  'client-7',
  'ä',
  '😀',
  'a\nb',
  ']',
  '^',
]

test.each([
  'a',
  'a*',
  'a+b',
  '(ab)*',
  '(?:a|b)+',
  'a|b|ab|',
  '.',
  '.*',
  '..',
  '[ab]+',
  '[^ab]',
  '[a-c.-]*',
  '[\\w-]+',
  '\\d+',
  '\\D*',
  '\\w{2,3}',
  '\\s+',
  '\\S?',
  'a\\.b',
  '[\\d_A]+',
  '[^\\d]+',
  'a{2}b',
  'a{0,1}b?',
  'a{1,}b',
  '(a?){3}b',
  '^a$',
  '^client-\\d+$',
  '(a|ab)(c|bcd)*',
  '.*?b',
  '\\x61\\u0062',
  '(a|b)*b',
  '((a*)*)*',
  '\\^',
  '[\\]^]',
])('%s says of a whole text what Node says', source => {
  const pattern = new LinearPattern(source)
  const nodes = new RegExp(`^(?:${source})$`, 'u')
  // Java's dot stops at every kind of new line, as Node's does but for one.
  for (const text of TEXTS) expect([text, pattern.matches(text)]).toEqual([text, nodes.test(text)])
})

test('random patterns say what Node says', () => {
  const seed = Date.now() >>> 0
  const random = new SeededRandom(seed)
  const pick = <T>(items: readonly T[]) => items[random.below(items.length)]!
  const make = (depth: number): string => {
    if (depth === 0) return pick(['a', 'b', '.', '[ab]', '[^a]', ''])
    const inner = `(${make(depth - 1)})`
    return (
      pick([inner, `${inner}*`, `${inner}+`, `${inner}?`, `${inner}{1,2}`, `${inner}|${make(depth - 1)}`]) +
      make(depth - 1)
    )
  }
  for (let i = 0; i < 300; i++) {
    const source = make(3)
    const nodes = new RegExp(`^(?:${source})$`, 'u')
    const pattern = new LinearPattern(source)
    for (let j = 0; j < 5; j++) {
      const text = Array.from({ length: random.below(8) }, () => pick(['a', 'b', 'c'])).join('')
      expect(pattern.matches(text), `seed ${seed}: /${source}/ of "${text}"`).toBe(nodes.test(text))
    }
  }
})

test('takes no longer for a pattern that was made to take for ever', () => {
  const pattern = new LinearPattern('(a*)*(a|aa)+(a+)+b')
  const begun = performance.now()
  expect(pattern.matches('a'.repeat(2_000))).toBe(false)
  expect(performance.now() - begun).toBeLessThan(500)
})

test.each([
  ['(', /has a \( without a \)/],
  ['a)', /has a \) without a \(/],
  ['[a', /has a \[ without a \]/],
  ['[b-a]', /range/],
  ['[\\d-z]', /range/],
  ['[a&&b]', /set within a set/],
  ['*', /nothing to repeat/],
  ['a**', /repeated already/],
  ['a{2,1}', /no \{2\}/],
  ['a{9999}', /repeats more than/],
  ['a{x}', /without a number/],
  ['(?=a)', /kind of group/],
  ['(a)\\1', /\\1, which is not served/],
  ['\\bword', /\\b, which is not served/],
  ['^*', /repeats a place/],
  ['\\x6', /character code/],
  ['a\\', /ends with a/],
  ['(((a{1000}){1000}){1000})', /steps/],
  ['(((){1000}){0,1000}){0,1000}', /steps/],
  ['a'.repeat(1_001), /longer than/],
])('refuses %s, and says why', (source, why) => {
  expect(() => new LinearPattern(source)).toThrow(PatternError)
  expect(() => new LinearPattern(source)).toThrow(why)
})
