/** What the writer of the report says of it: how it was made, and the plan that it read out of the runbook. */
import type { Quorum } from '../../runbook/model.ts'

/** A step as the runbook declares it. */
export interface PlannedStep {
  readonly id: string
  readonly title: string
  readonly phase: string
  readonly station: string
  /** Line of the runbook. */
  readonly line: number
  /** `plugin/action`, or `assert`, `instruct`, `transfer`, `wait`. */
  readonly action: string
  /** The plugin's title of its action. */
  readonly actionTitle: string | null
  /** Keys of its for-each; `unknown` where only the run could tell; null without one. */
  readonly instances: readonly string[] | 'unknown' | null
  readonly when: string | null
  readonly until: { readonly that: string; readonly every: number; readonly within: number } | null
  readonly signOff: { readonly before: Quorum; readonly after: Quorum }
  readonly notSameAs: readonly string[]
  /** Where a `transfer` goes. */
  readonly to: string | null
  readonly checks: readonly { readonly that: string; readonly message: string }[]
  /** What officers write down for each card: property of the record -> the step that made the cards. */
  readonly perCard: Readonly<Record<string, string>>
}

export interface Plan {
  /** Digest of the runbook that this was read out of. */
  readonly sha256: string
  readonly name: string
  readonly version: number
  readonly title: string
  readonly stations: Readonly<Record<string, { readonly network: 'none' | 'azure'; readonly title?: string }>>
  readonly roles: Readonly<Record<string, { readonly atLeast: number; readonly title?: string }>>
  readonly steps: readonly PlannedStep[]
}

export interface LeftOut {
  readonly sha256: string
  readonly size: number
  readonly why: string
}

export interface About {
  readonly version: string
  readonly plan: Plan | null
  /** Artifacts that the transcript names and the page does not hold. */
  readonly leftOut: readonly LeftOut[]
}
