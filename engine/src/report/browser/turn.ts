/** One entry on its way through the rules. */
import type { Entry } from '../../transcript/entry.ts'
import type { PlannedCourse } from './course.ts'
import type { Keys, Line } from './lines.ts'
import type { Standing } from './standing.ts'

export interface Finding {
  /** Counted from one; 0 for what concerns the whole. */
  readonly line: number
  /** The same names as `ceremony verify` has. */
  readonly rule: string
  readonly found: string
  readonly expected: string
}

export type Report = (rule: string, found: string, expected: string) => void

export interface Turn {
  readonly line: Line
  readonly entry: Entry
  /** Of its signatures, in their order. */
  readonly keyids: readonly string[]
  readonly keys: Keys
  /** Before this entry. */
  readonly standing: Standing
  /** Undefined without a plan. */
  readonly course: PlannedCourse | undefined
  readonly report: Report
}
