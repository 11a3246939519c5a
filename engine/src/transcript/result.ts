/** What a verification comes to. docs/verify-result.schema.json describes it for programs. */
import type { Mode, OfficerIdentity } from './entry.ts'
import type { RuleCode } from './rules/catalogue.ts'

export interface VerifyFinding {
  /** Counted from one; 0 for what concerns the whole. */
  readonly line: number
  /** Code of the rule, such as `chain/previous`. */
  readonly rule: string
  readonly found: string
  readonly expected: string
}

export interface Verification {
  /** Whether every rule was checked and holds. */
  readonly ok: boolean
  /** One sentence. */
  readonly verdict: string
  readonly closed: boolean
  readonly entries: number
  /** SHA-256, hex, of the last line; null for an empty transcript. */
  readonly head: string | null
  readonly mode: Mode | null
  /** Whether it is by people that the trust file names. */
  readonly trusted: boolean
  readonly officers: readonly OfficerIdentity[]
  readonly stations: Readonly<Record<string, { readonly keyid: string }>>
  /** Why it does not hold. */
  readonly findings: readonly VerifyFinding[]
  /** What is odd, but takes nothing away from what the entries prove. */
  readonly warnings: readonly VerifyFinding[]
  /** Rules that could not be checked, because what they need is not there. */
  readonly unchecked: readonly RuleCode[]
}

/** More findings than this help nobody; reading stops there. */
export const MAX_FINDINGS = 100

/** @returns the verdict in one sentence, to stand behind `The transcript` */
export function verdictOf(findings: number, unchecked: number, closed: boolean, trusted: boolean): string {
  if (findings > 0) return `DOES NOT HOLD: ${findings >= MAX_FINDINGS ? 'at least ' : ''}${findings} finding${findings === 1 ? '' : 's'}`
  const trust = trusted ? 'signed by keys that you trust' : 'self-asserted: compare the fingerprints with the paper'
  const open = closed ? '' : ', but is not closed: what came after may be missing'
  if (unchecked > 0)
    return `is NOT FULLY CHECKED: its lines hold${open}, but ${unchecked} rules need the artifacts, which are not there (${trust})`
  return `holds${open} (${trust})`
}
