/**
 * A principal as one broker sends it to another, in Envelope.
 */
import { bool, message, string } from '../schema.ts'

export const DefaultPrincipalData = message('DefaultPrincipalData', {
  versions: [0, 0],
  flexibleSince: 0,
  fields: { type: string, name: string, tokenAuthenticated: bool },
})
