import type { Bench } from '../bench.ts'
import type { Finding } from '../finding.ts'

export interface Row {
  id: string
  title: string
  measure(bench: Bench): Promise<Finding[]>
}
