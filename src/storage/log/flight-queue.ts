import { Flight } from '../flight.ts'
import type { Segment } from './segment.ts'

/** The appends of one log: those that wait for a round of the journal, and those on their way. */
const FLIGHT_BYTES_MAX = 512 << 10

export class FlightQueue {
  #waiting: Flight[] = []
  #traveling: readonly Flight[] = []
  /** Of the appends that wait. */
  waitingBytes = 0

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  get last(): Flight | undefined {
    return this.#waiting.at(-1)
  }

  get hasSync(): boolean {
    return this.#waiting.some(flight => flight.sync)
  }

  /** The flight for an append; one with much gets no further batch: its acknowledgement shall not wait for the bytes of others. */
  open(segment: Segment, position: number, baseOffset: number): Flight {
    const { last } = this
    if (last && last.segment === segment.baseOffset && last.bytes < FLIGHT_BYTES_MAX) return last
    const flight = new Flight(segment.baseOffset, position, baseOffset, segment.times)
    this.#waiting.push(flight)
    return flight
  }

  /** The first one that reaches an offset. */
  find(endOffset: number): Flight | undefined {
    const reaches = (flight: Flight) => flight.endOffset >= endOffset
    return this.#traveling.find(reaches) ?? this.#waiting.find(reaches)
  }

  /** All that wait are on their way from now on. */
  take(): Flight[] {
    const flights = this.#waiting
    this.#waiting = []
    this.#traveling = flights
    this.waitingBytes = 0
    return flights
  }

  /** All that wait, to be taken back: nothing is on its way any more. */
  takeBack(): Flight[] {
    const flights = this.take()
    this.#traveling = []
    return flights
  }
}
