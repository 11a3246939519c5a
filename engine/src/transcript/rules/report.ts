/** What rules are given and how they say what they found. */
import type { Entry, Statement } from '../entry.ts'
import type { RuleCode } from './catalogue.ts'

/** Something that a rule found. */
export interface Fault {
  readonly rule: RuleCode
  readonly found: string
  readonly expected: string
}

export type Report = (rule: RuleCode, found: string, expected: string) => void

/** One entry on its way through the rules that look at what stands before it. */
export interface Checked {
  readonly statement: Statement
  readonly entry: Entry
  /** Fingerprints of the keys that signed, in order. */
  readonly keyids: readonly string[]
  readonly report: Report
}

const MAX_TEXT = 500

/** @returns text as a finding shows it: not longer than a person reads */
export function shown(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}
