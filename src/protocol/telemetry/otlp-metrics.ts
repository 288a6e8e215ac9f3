/**
 * Metrics as OpenTelemetry writes them (its `MetricsData` message), as far as Kafka's clients do (KIP-714): gauges and sums, with a number
 * and attributes for each point. Histograms and what else there is are stepped over.
 *
 *     MetricsData 1 ⟶ ResourceMetrics 1 ⟶ Resource 1 ⟶ attributes
 *                                     2 ⟶ ScopeMetrics 2 ⟶ Metric 1 name, 5 gauge, 7 sum ⟶ 1 points, 2 temporality, 3 monotonic
 *     point: 4 double, 6 whole number, 7 attributes · attribute: 1 key, 2 value: 1 text, 2 truth, 3 whole number, 4 double
 */
import { ProtobufReader, WireType } from './protobuf-reader.ts'

export interface MetricPoint {
  readonly name: string
  /** `delta`: to be added to what was told before. */
  readonly kind: 'gauge' | 'counter' | 'delta'
  readonly value: number
  readonly attributes: readonly Attribute[]
}

export type Attribute = readonly [key: string, value: string]

export interface PointLimits {
  /** What comes after so many points is not looked at. */
  readonly pointsMax: number
  /** Of the resource and the point together. */
  readonly attributesMax: number
}

const VARINT = WireType.VARINT
const FIXED64 = WireType.FIXED64
const BYTES = WireType.BYTES
const DELTA_TEMPORALITY = 1n

/** All points of a push, in order. Throws `DecodeError` where the bytes are no such message. */
export function readMetricPoints(bytes: Buffer, limits: PointLimits): MetricPoint[] {
  const points: MetricPoint[] = []
  for (const [tag, reader] of fieldsOf(new ProtobufReader(bytes))) {
    if (tag === field(1, BYTES)) readResourceMetrics(reader.message(), limits, points)
    else reader.skip(tag)
  }
  return points
}

function field(number: number, wireType: number): number {
  return number * 8 + wireType
}

/** Each field's tag, and the reader in front of its value, which must be read or stepped over. */
function* fieldsOf(reader: ProtobufReader): Iterable<readonly [number, ProtobufReader]> {
  while (!reader.isAtEnd) yield [reader.tag(), reader]
}

function readResourceMetrics(message: ProtobufReader, limits: PointLimits, points: MetricPoint[]): void {
  const attributes: Attribute[] = []
  const scopes: ProtobufReader[] = []
  for (const [tag, reader] of fieldsOf(message)) {
    if (tag === field(1, BYTES)) readAttributes(reader.message(), 1, attributes, limits)
    else if (tag === field(2, BYTES)) scopes.push(reader.message())
    else reader.skip(tag)
  }
  for (const scope of scopes) {
    for (const [tag, reader] of fieldsOf(scope)) {
      if (tag === field(2, BYTES)) readMetric(reader.message(), attributes, limits, points)
      else reader.skip(tag)
    }
  }
}

function readMetric(
  message: ProtobufReader,
  shared: readonly Attribute[],
  limits: PointLimits,
  points: MetricPoint[],
): void {
  let name = ''
  const parts: { reader: ProtobufReader; isSum: boolean }[] = []
  for (const [tag, reader] of fieldsOf(message)) {
    if (tag === field(1, BYTES)) name = reader.text()
    else if (tag === field(5, BYTES)) parts.push({ reader: reader.message(), isSum: false })
    else if (tag === field(7, BYTES)) parts.push({ reader: reader.message(), isSum: true })
    else reader.skip(tag)
  }
  for (const { reader, isSum } of parts) readPoints(reader, name, isSum, shared, limits, points)
}

function readPoints(
  message: ProtobufReader,
  name: string,
  isSum: boolean,
  shared: readonly Attribute[],
  limits: PointLimits,
  points: MetricPoint[],
): void {
  let isDelta = false
  let isMonotonic = false
  const found: ProtobufReader[] = []
  for (const [tag, reader] of fieldsOf(message)) {
    if (tag === field(1, BYTES)) found.push(reader.message())
    else if (isSum && tag === field(2, VARINT)) isDelta = reader.varint() === DELTA_TEMPORALITY
    else if (isSum && tag === field(3, VARINT)) isMonotonic = reader.varint() !== 0n
    else reader.skip(tag)
  }
  const kind = isDelta ? 'delta' : isMonotonic ? 'counter' : 'gauge'
  for (const reader of found) {
    if (points.length >= limits.pointsMax) return
    const attributes = [...shared]
    const value = readPoint(reader, attributes, limits)
    if (value !== undefined) points.push({ name, kind, value, attributes })
  }
}

/** The value of a point, if it has one; its attributes join the others. */
function readPoint(
  message: ProtobufReader,
  attributes: Attribute[],
  limits: PointLimits,
): number | undefined {
  let value: number | undefined
  for (const [tag, reader] of fieldsOf(message)) {
    if (tag === field(4, FIXED64)) value = reader.double()
    else if (tag === field(6, FIXED64)) value = reader.fixed64()
    else if (tag === field(7, BYTES)) readAttribute(reader.message(), attributes, limits)
    else reader.skip(tag)
  }
  return value
}

function readAttributes(
  message: ProtobufReader,
  number: number,
  attributes: Attribute[],
  limits: PointLimits,
): void {
  for (const [tag, reader] of fieldsOf(message)) {
    if (tag === field(number, BYTES)) readAttribute(reader.message(), attributes, limits)
    else reader.skip(tag)
  }
}

function readAttribute(message: ProtobufReader, attributes: Attribute[], limits: PointLimits): void {
  let key = ''
  let value: string | undefined
  for (const [tag, reader] of fieldsOf(message)) {
    if (tag === field(1, BYTES)) key = reader.text()
    else if (tag === field(2, BYTES)) value = readValue(reader.message())
    else reader.skip(tag)
  }
  if (key !== '' && value !== undefined && attributes.length < limits.attributesMax)
    attributes.push([key, value])
}

/** Undefined for lists and bytes, which are no labels. */
function readValue(message: ProtobufReader): string | undefined {
  let value: string | undefined
  for (const [tag, reader] of fieldsOf(message)) {
    if (tag === field(1, BYTES)) value = reader.text()
    else if (tag === field(2, VARINT)) value = String(reader.varint() !== 0n)
    else if (tag === field(3, VARINT)) value = String(BigInt.asIntN(64, reader.varint()))
    else if (tag === field(4, FIXED64)) value = String(reader.double())
    else reader.skip(tag)
  }
  return value
}
