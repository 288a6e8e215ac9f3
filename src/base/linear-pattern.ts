/**
 * Regular expressions that others send us, matched against a whole text in a time that grows with its length only: all ways through the
 * pattern are walked at once (Thompson), so none can be made that takes for ever, as V8's backtracking can.
 *
 * It knows what Java and RE2 have in common: letters, `.`, `[a-z]`, `[^…]`, `\d \w \s` and their opposites, `\t \n \r \xHH \uHHHH`,
 * groups, `|`, `* + ? {2} {2,} {2,5}` (also lazy, which makes no difference to whether a whole text matches), `^` and `$`. What needs
 * memory of what was matched (look-around, back-references) is refused.
 *
 *     pattern  → branch ('|' branch)*
 *     branch   → (atom quantifier?)*
 *     atom     → '(' pattern ')' | '[' set ']' | '\' escape | '.' | '^' | '$' | character
 */
export class PatternError extends Error {
  override name = 'PatternError'
}

const PATTERN_LENGTH_MAX = 1_000
const STEPS_MAX = 2_000
const REPEATS_MAX = 1_000
/** Nothing longer matches. */
const TEXT_LENGTH_MAX = 2_048

/** Code points from … to, both included. */
type Range = readonly [number, number]

interface CharacterSet {
  readonly ranges: readonly Range[]
  readonly isNegated: boolean
}

type Node =
  | { readonly kind: 'one'; readonly set: CharacterSet }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'all' | 'any'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number }

type Step =
  | { readonly kind: 'one'; readonly set: CharacterSet }
  | { readonly kind: 'start' | 'end' | 'accept' }
  | { readonly kind: 'fork'; next: number; other: number }

export class LinearPattern {
  readonly #steps: readonly Step[]

  /** Throws `PatternError`, which says what is wrong and where. */
  constructor(source: string) {
    if (source.length > PATTERN_LENGTH_MAX) {
      throw new PatternError(`is longer than ${PATTERN_LENGTH_MAX} characters`)
    }
    const steps: Step[] = []
    emit(new Parser(source).parse(), steps)
    steps.push({ kind: 'accept' })
    this.#steps = steps
  }

  /** Whether the whole text is what the pattern says. */
  matches(text: string): boolean {
    if (text.length > TEXT_LENGTH_MAX) return false
    const characters = Array.from(text, character => character.codePointAt(0)!)
    const walk = new Walk(this.#steps)
    walk.enter(0, true, characters.length === 0)
    for (const [i, character] of characters.entries()) {
      if (walk.isOver) return false
      walk.consume(character, i + 1 === characters.length)
    }
    return walk.isAccepted
  }
}

/** The places in the pattern that the text so far may have led to. */
class Walk {
  readonly #steps: readonly Step[]
  #here: number[] = []
  #next: number[] = []
  /** Where each step was last entered: in one round only once. */
  readonly #enteredIn: Int32Array
  #round = 1
  isAccepted = false

  constructor(steps: readonly Step[]) {
    this.#steps = steps
    this.#enteredIn = new Int32Array(steps.length)
  }

  get isOver(): boolean {
    return this.#here.length === 0
  }

  consume(character: number, isLast: boolean): void {
    this.#round++
    this.isAccepted = false
    this.#next = []
    for (const at of this.#here) {
      const step = this.#steps[at]!
      if (step.kind === 'one' && contains(step.set, character)) this.#follow(at + 1, false, isLast)
    }
    this.#here = this.#next
  }

  enter(at: number, isFirst: boolean, isLast: boolean): void {
    this.#next = []
    this.#follow(at, isFirst, isLast)
    this.#here = this.#next
  }

  /** Goes on without a character as far as that leads. */
  #follow(from: number, isFirst: boolean, isLast: boolean): void {
    const waiting = [from]
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (this.#enteredIn[at] === this.#round) continue
      this.#enteredIn[at] = this.#round
      const step = this.#steps[at]!
      if (step.kind === 'accept') this.isAccepted = true
      else if (step.kind === 'one') this.#next.push(at)
      else if (step.kind === 'fork') waiting.push(step.other, step.next)
      else if (step.kind === 'start' ? isFirst : isLast) waiting.push(at + 1)
    }
  }
}

function contains({ ranges, isNegated }: CharacterSet, character: number): boolean {
  return ranges.some(([from, to]) => character >= from && character <= to) !== isNegated
}

function emit(node: Node, steps: Step[]): void {
  if (steps.length > STEPS_MAX) throw new PatternError(`needs more than ${STEPS_MAX} steps`)
  switch (node.kind) {
    case 'all':
      for (const one of node.nodes) emit(one, steps)
      return
    case 'any':
      emitAny(node.nodes, steps)
      return
    case 'repeat':
      emitRepeat(node, steps)
      return
    case 'one':
      steps.push(node)
      return
    default:
      steps.push({ kind: node.kind })
  }
}

function emitAny(nodes: readonly Node[], steps: Step[]): void {
  const exits: Extract<Step, { kind: 'fork' }>[] = []
  for (const node of nodes.slice(0, -1)) {
    const fork = pushFork(steps)
    emit(node, steps)
    exits.push(pushFork(steps))
    fork.other = steps.length
  }
  emit(nodes[nodes.length - 1]!, steps)
  for (const exit of exits) exit.next = exit.other = steps.length
}

function emitRepeat({ node, min, max }: Extract<Node, { kind: 'repeat' }>, steps: Step[]): void {
  for (let i = 0; i < min; i++) {
    const before = steps.length
    emit(node, steps)
    // Nothing, however often.
    if (steps.length === before) return
  }
  if (max === Number.POSITIVE_INFINITY) {
    const start = steps.length
    const fork = pushFork(steps)
    emit(node, steps)
    const back = pushFork(steps)
    back.next = back.other = start
    fork.other = steps.length
    return
  }
  const forks: Extract<Step, { kind: 'fork' }>[] = []
  for (let i = min; i < max; i++) {
    forks.push(pushFork(steps))
    emit(node, steps)
  }
  for (const fork of forks) fork.other = steps.length
}

/** A step that goes on with the one behind it, or with another that is set later. */
function pushFork(steps: Step[]): Extract<Step, { kind: 'fork' }> {
  const next = steps.length + 1
  const fork: Extract<Step, { kind: 'fork' }> = { kind: 'fork', next, other: next }
  steps.push(fork)
  return fork
}

const CODE_POINT_MAX = 0x10ffff
const NEW_LINES: readonly Range[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x85, 0x85],
  [0x2028, 0x2029],
]
const NAMED_SETS: Readonly<Record<string, readonly Range[]>> = {
  d: [[0x30, 0x39]],
  w: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x5f, 0x5f],
    [0x61, 0x7a],
  ],
  s: [
    [0x09, 0x0d],
    [0x20, 0x20],
  ],
}
const NAMED_CHARACTERS: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, r: 0x0d, f: 0x0c }

class Parser {
  readonly #characters: readonly string[]
  #at = 0

  constructor(source: string) {
    this.#characters = Array.from(source)
  }

  parse(): Node {
    const node = this.#parseAny()
    if (this.#at < this.#characters.length) this.#fail('has a ) without a (')
    return node
  }

  get #peek(): string | undefined {
    return this.#characters[this.#at]
  }

  #take(character: string): boolean {
    if (this.#peek !== character) return false
    this.#at++
    return true
  }

  #parseAny(): Node {
    const nodes = [this.#parseAll()]
    while (this.#take('|')) nodes.push(this.#parseAll())
    return nodes.length === 1 ? nodes[0]! : { kind: 'any', nodes }
  }

  #parseAll(): Node {
    const nodes: Node[] = []
    while (this.#peek !== undefined && this.#peek !== '|' && this.#peek !== ')') {
      nodes.push(this.#parseQuantifier(this.#parseAtom()))
    }
    return { kind: 'all', nodes }
  }

  #parseAtom(): Node {
    const character = this.#characters[this.#at++]!
    switch (character) {
      case '(':
        return this.#parseGroup()
      case '[':
        return { kind: 'one', set: this.#parseSet() }
      case '\\':
        return { kind: 'one', set: this.#parseEscape() }
      case '.':
        return { kind: 'one', set: { ranges: NEW_LINES, isNegated: true } }
      case '^':
        return { kind: 'start' }
      case '$':
        return { kind: 'end' }
      case '*':
      case '+':
      case '?':
      case '{':
        return this.#fail(`has a ${character} with nothing to repeat`)
      default:
        return { kind: 'one', set: only(character.codePointAt(0)!) }
    }
  }

  #parseGroup(): Node {
    if (this.#take('?') && !this.#take(':'))
      this.#fail('has a kind of group that is not served, only ( and (?:')
    const node = this.#parseAny()
    if (!this.#take(')')) this.#fail('has a ( without a )')
    return node
  }

  #parseQuantifier(node: Node): Node {
    const bounds = this.#parseBounds()
    if (!bounds) return node
    const [min, max] = bounds
    this.#take('?')
    if (['*', '+', '{'].includes(this.#peek ?? '')) this.#fail('repeats what is repeated already')
    if (node.kind === 'start' || node.kind === 'end') this.#fail('repeats a place')
    return { kind: 'repeat', node, min, max }
  }

  #parseBounds(): Range | undefined {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY]
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY]
    if (this.#take('?')) return [0, 1]
    if (!this.#take('{')) return undefined
    const min = this.#parseCount()
    const max = this.#take(',') ? (this.#peek === '}' ? Number.POSITIVE_INFINITY : this.#parseCount()) : min
    if (!this.#take('}') || max < min) this.#fail('has a { that is no {2}, {2,} or {2,5}')
    return [min, max]
  }

  #parseCount(): number {
    let digits = ''
    while (/^\d$/.test(this.#peek ?? '') && digits.length < 6) digits += this.#characters[this.#at++]
    if (digits === '') this.#fail('has a { without a number')
    const count = Number(digits)
    if (count > REPEATS_MAX) this.#fail(`repeats more than ${REPEATS_MAX} times`)
    return count
  }

  #parseSet(): CharacterSet {
    const isNegated = this.#take('^')
    const ranges: Range[] = []
    do {
      ranges.push(...this.#parseRange())
    } while (!this.#take(']'))
    return { ranges, isNegated }
  }

  #parseRange(): readonly Range[] {
    const first = this.#parseMember()
    const [from] = first.ranges[0]!
    const isRange = this.#peek === '-' && this.#characters[this.#at + 1] !== ']'
    if (!isRange) return first.isNegated ? opposite(first.ranges) : first.ranges
    this.#at++
    const last = this.#parseMember()
    const [to] = last.ranges[0]!
    const areSingle = [first, last].every(
      set => !set.isNegated && set.ranges.length === 1 && isSingle(set.ranges[0]!),
    )
    if (!areSingle || to < from) this.#fail('has a range that is none')
    return [[from, to]]
  }

  #parseMember(): CharacterSet {
    const character = this.#characters[this.#at++]
    if (character === undefined) return this.#fail('has a [ without a ]')
    // Java would take these for sets in sets.
    if (character === '[' || (character === '&' && this.#peek === '&')) this.#fail('has a set within a set')
    return character === '\\' ? this.#parseEscape() : only(character.codePointAt(0)!)
  }

  #parseEscape(): CharacterSet {
    const character = this.#characters[this.#at++]
    if (character === undefined) return this.#fail('ends with a \\')
    const named = NAMED_SETS[character.toLowerCase()]
    if (named) return { ranges: named, isNegated: character !== character.toLowerCase() }
    if (character === 'x') return only(this.#parseHex(2))
    if (character === 'u') return only(this.#parseHex(4))
    const code = NAMED_CHARACTERS[character]
    if (code !== undefined) return only(code)
    if (/^[a-zA-Z0-9]$/.test(character)) this.#fail(`has \\${character}, which is not served`)
    return only(character.codePointAt(0)!)
  }

  #parseHex(length: number): number {
    const digits = this.#characters.slice(this.#at, this.#at + length).join('')
    if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length < length)
      this.#fail('has a character code that is none')
    this.#at += length
    return Number.parseInt(digits, 16)
  }

  #fail(problem: string): never {
    throw new PatternError(`${problem} (at ${this.#at})`)
  }
}

function only(character: number): CharacterSet {
  return { ranges: [[character, character]], isNegated: false }
}

function isSingle([from, to]: Range): boolean {
  return from === to
}

/** All characters that are in none of these ranges, which are in order. */
function opposite(ranges: readonly Range[]): readonly Range[] {
  const result: Range[] = []
  let from = 0
  for (const [low, high] of ranges) {
    if (low > from) result.push([from, low - 1])
    from = high + 1
  }
  result.push([from, CODE_POINT_MAX])
  return result
}
