/**
 * The entries of a transcript: the `predicate` of an in-toto Statement v1, one in each DSSE envelope.
 * Fields that are written are in snake_case; all of it is I-JSON (RFC 7493) in RFC 8785 canonical form.
 */

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json'
export const PREDICATE_TYPE = 'https://byok-ceremony.dev/entry/v1'

export interface Statement {
  readonly _type: typeof STATEMENT_TYPE
  readonly subject: readonly Subject[]
  readonly predicateType: typeof PREDICATE_TYPE
  readonly predicate: Entry
}
export interface Subject {
  readonly name: string
  readonly digest: { readonly sha256: string }
}

export type Mode = 'rehearsal' | 'production'

export interface EntryHead {
  /** ULID of the ceremony. */
  readonly ceremony: string
  /** 0 for the first entry. */
  readonly sequence: number
  /** Digest of the line before (its bytes without the newline); null for the first entry. */
  readonly previous: { readonly sha256: string } | null
  readonly station: string
  /** RFC 3339 with milliseconds, UTC, of the ceremony's clock. */
  readonly time: string
  readonly mode: Mode
}

export type Entry = EntryHead & Body
export type Body = Opened | Arrived | Skipped | Intent | Outcome | Deviation | Resolution | HandedOver | Received | Closed

export interface OfficerIdentity {
  readonly name: string
  readonly roles: readonly string[]
  readonly keyid: string
  /** SubjectPublicKeyInfo, PEM. */
  readonly public_key: string
}

export interface PluginIdentity {
  readonly version: string
  /** Digest of its files (`digestOfFiles`). */
  readonly sha256: string
  /** SHA-256 of the artifact that holds its description and its files (`packPlugin`). */
  readonly package: string
}

export interface Opened {
  readonly kind: 'opened'
  /** The runbook's bytes are the artifact of this digest and the statement's first subject. */
  readonly runbook: { readonly name: string; readonly version: number; readonly title: string; readonly sha256: string }
  readonly parameters: Readonly<Record<string, unknown>>
  readonly stations: Readonly<Record<string, { readonly keyid: string; readonly public_key: string }>>
  readonly officers: readonly OfficerIdentity[]
  readonly plugins: Readonly<Record<string, PluginIdentity>>
  /** `sha256` over the engine's files; `dependencies` is the SHA-256 of the lock file, which pins every package. */
  readonly engine: { readonly version: string; readonly sha256: string; readonly node: string; readonly dependencies: string }
  /** 1 in production. */
  readonly clock_scale: number
  readonly unattended: boolean
  /** Where the cloud is; null for a ceremony without one. */
  readonly cloud: Readonly<Record<string, unknown>> | null
}

/** The station shows its state whenever the ceremony comes to it. A `waiver` needs every officer's signature. */
export interface Arrived {
  readonly kind: 'arrived'
  readonly evidence: Readonly<Record<string, unknown>>
  readonly waiver: { readonly reason: string } | null
}

/** A step (or instance) whose `when` did not hold. */
export interface Skipped {
  readonly kind: 'skipped'
  readonly step: string
  readonly instance: string | null
  readonly when: string
}

export interface Intent {
  readonly kind: 'intent'
  readonly step: string
  /** The for-each key; null for a step without one. */
  readonly instance: string | null
  /** `plugin/action`, or `assert`, `instruct`, `transfer`, `wait`. */
  readonly action: string
  readonly inputs: unknown
  /** What will be done, in words. */
  readonly says: string
  /** 1 for the first try of this instance. */
  readonly attempt: number
}

/** Code of the error of a step that was under way when the ceremony was aborted. */
export const ABORTED = 'ceremony/aborted'

export interface StepError {
  readonly code: string
  readonly message: string
  readonly found: string
  readonly expected: string
  readonly changed: string
  readonly advice: string
}

export interface Outcome {
  readonly kind: 'outcome'
  readonly step: string
  readonly instance: string | null
  /** Sequence of the intent this belongs to. */
  readonly intent: number
  readonly result: 'done' | 'failed'
  /** Null when failed. */
  readonly outputs: unknown
  readonly error: StepError | null
  /** The recorded exchanges: an artifact of JSON lines; null when no door was used. */
  readonly exchanges: { readonly sha256: string; readonly count: number } | null
  /** For `until`: every attempt in order. */
  readonly attempts: readonly { readonly time: string; readonly holds: boolean; readonly outputs: unknown }[] | null
  /** Whether the effect was found to have taken place after a crash (a resolution stands before). */
  readonly reconciled: boolean
}

export interface Deviation {
  readonly kind: 'deviation'
  readonly officer: string
  readonly note: string
}

export interface Resolution {
  readonly kind: 'resolution'
  readonly step: string
  readonly instance: string | null
  readonly intent: number
  readonly how: 'reconciled' | 'officers'
  readonly verdict: 'done' | 'not-done'
  readonly facts: string
  /** What the interrupted attempt had recorded before it was cut off, and what was asked to find out. */
  readonly exchanges: { readonly sha256: string; readonly count: number } | null
}

export interface HandedOver {
  readonly kind: 'handed-over'
  readonly to: string
}

export interface Received {
  readonly kind: 'received'
  readonly from: string
}

export interface Closed {
  readonly kind: 'closed'
  /** How many entries stand before this one. */
  readonly entries: number
  readonly result: 'complete' | 'aborted'
  readonly steps_done: number
  readonly deviations: number
}

/** @returns how people call an instance of a step */
export const instanceName = (step: string, instance: string | null): string => (instance === null ? step : `${step}[${instance}]`)
