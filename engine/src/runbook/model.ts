/** A runbook after parsing: what the rest of the engine works on. Positions are kept so that errors can point into the file. */

/** A place in a runbook's source, both counted from one. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Something wrong (`error`) or unwise (`warning`) with a runbook. */
export interface Finding {
  readonly severity: 'error' | 'warning'
  /** A stable name such as `runbook/unknown-action`. */
  readonly code: string
  readonly file: string
  readonly position: Position
  readonly message: string
  /** What to do about it: a proposed spelling, the values allowed. */
  readonly advice?: string
  /** The line of source with a marker below, ready to print. */
  readonly frame: string
}

/** A CEL expression with the place where it stands. */
export interface Expression {
  readonly source: string
  readonly position: Position
}

/** JSON data in which strings may hold `${{ CEL }}`; evaluated with `resolve`. A string that is one expression keeps its type. */
export type Template = { readonly value: unknown; readonly position: Position }

/** role -> how many distinct people of that role must sign. */
export type Quorum = Readonly<Record<string, number>>

export interface Runbook {
  readonly file: string
  /** The exact bytes that were parsed. */
  readonly source: Uint8Array
  /** SHA-256 of the source, hex. */
  readonly sha256: string
  readonly name: string
  readonly version: number
  readonly title: string
  /** JSON Schema of each parameter. */
  readonly parameters: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly stations: Readonly<Record<string, { readonly network: 'none' | 'azure'; readonly title?: string }>>
  readonly roles: Readonly<Record<string, { readonly atLeast: number; readonly title?: string }>>
  /** plugin -> semver range. */
  readonly plugins: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

export interface Step {
  readonly id: string
  readonly title: string
  /** The phase this step belongs to: the `phase:` of this step or of the nearest one before. */
  readonly phase: string
  /** Its own `station:`, or that of the step before (behind a transfer: the station it went to). */
  readonly station: string
  readonly position: Position
  readonly forEach?: Expression
  readonly concurrency: number
  readonly when?: Expression
  readonly until?: { readonly that: Expression; readonly every: number; readonly within: number }
  /** What people should allow for one instance, in milliseconds; for plans alone. */
  readonly takes?: number
  readonly signOff: { readonly before: Quorum; readonly after: Quorum }
  /** Steps whose `before` signers may not sign this one's. */
  readonly notSameAs: readonly string[]
  readonly does: Does
}

export type Does =
  | { readonly kind: 'plugin'; readonly plugin: string; readonly action: string; readonly with: Template }
  | { readonly kind: 'assert'; readonly checks: readonly { readonly that: Expression; readonly message: string }[] }
  | {
      readonly kind: 'instruct'
      readonly text: Template
      /** JSON Schema (object) of what the officers write down; undefined when nothing is recorded. */
      readonly record?: Readonly<Record<string, unknown>>
    }
  | { readonly kind: 'transfer'; readonly to: string }
  /** `milliseconds` of the ceremony's clock. */
  | { readonly kind: 'wait'; readonly milliseconds: number }

/** What an action looks like from outside, as `check` needs it. */
export interface ActionDescription {
  readonly title: string
  readonly input: Readonly<Record<string, unknown>>
  readonly output: Readonly<Record<string, unknown>>
  readonly readsOnly: boolean
}
export interface PluginDescription {
  readonly name: string
  readonly version: string
  readonly title: string
  /** SHA-256 over the plugin's files (see plugin/digest). */
  readonly sha256: string
  readonly actions: Readonly<Record<string, ActionDescription>>
}

/** What expressions see. `steps` holds, for each finished step, `{ outputs }`, or for a for-each step a map from key to that. */
export interface Scope {
  readonly parameters: Readonly<Record<string, unknown>>
  readonly steps: Readonly<Record<string, unknown>>
  readonly each?: { readonly key: string; readonly value: unknown }
  /** Only in `until`: the outputs of the attempt just made. */
  readonly outputs?: unknown
}
