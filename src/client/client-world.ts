/** The part of the world outside that a client needs. */
import type { World } from '../base/world.ts'

export type ClientWorld = Pick<World, 'clock' | 'network'>
