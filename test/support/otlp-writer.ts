/** Writes metrics as OpenTelemetry's clients do, for tests: as much of the format as Kafka's clients use, and what they might. */
export interface WrittenPoint {
  value: number
  /** Whole numbers have a form of their own. */
  isWhole?: boolean
  attributes?: Readonly<Record<string, string | number | boolean>>
}

export interface WrittenMetric {
  name: string
  kind: 'gauge' | 'sum' | 'histogram'
  isDelta?: boolean
  isMonotonic?: boolean
  points: readonly WrittenPoint[]
}

export function writeMetrics(
  metrics: readonly WrittenMetric[],
  resource: Readonly<Record<string, string | number | boolean>> = {},
): Buffer {
  const attributes = Object.entries(resource).map(entry => part(1, attribute(entry)))
  const scope = Buffer.concat([
    part(1, text(1, 'scope')),
    ...metrics.map(metric => part(2, metricOf(metric))),
  ])
  return part(1, Buffer.concat([part(1, Buffer.concat(attributes)), part(2, scope), text(3, 'a schema')]))
}

function metricOf({ name, kind, isDelta = false, isMonotonic = false, points }: WrittenMetric): Buffer {
  const number = { gauge: 5, sum: 7, histogram: 9 }[kind]
  const written = points.map(point => part(1, pointOf(point)))
  if (kind === 'sum') written.push(varint(2, isDelta ? 1 : 2), varint(3, isMonotonic ? 1 : 0))
  return Buffer.concat([
    text(1, name),
    text(2, 'what it is'),
    text(3, 's'),
    part(number, Buffer.concat(written)),
  ])
}

function pointOf({ value, isWhole = false, attributes = {} }: WrittenPoint): Buffer {
  const number = Buffer.alloc(8)
  if (isWhole) number.writeBigInt64LE(BigInt(value))
  else number.writeDoubleLE(value)
  return Buffer.concat([
    ...Object.entries(attributes).map(entry => part(7, attribute(entry))),
    tag(3, 1),
    Buffer.alloc(8, 1),
    tag(isWhole ? 6 : 4, 1),
    number,
  ])
}

function attribute([key, value]: [string, string | number | boolean]): Buffer {
  const written =
    typeof value === 'string'
      ? text(1, value)
      : typeof value === 'boolean'
        ? varint(2, Number(value))
        : varint(3, value)
  return Buffer.concat([text(1, key), part(2, written)])
}

function text(number: number, value: string): Buffer {
  return part(number, Buffer.from(value))
}

export function part(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([tag(number, 2), digits(bytes.length), bytes])
}

function varint(number: number, value: number): Buffer {
  return Buffer.concat([tag(number, 0), digits(value)])
}

function tag(number: number, wireType: number): Buffer {
  return digits(number * 8 + wireType)
}

function digits(value: number): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0))
    rest >>= 7n
  } while (rest > 0n)
  return Buffer.from(bytes)
}
