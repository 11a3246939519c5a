/**
 * Verifies a transcript with nothing but what it says itself and public standards: no plugin code is run. It is read as a
 * stream; each rule is a small named check with a stable code.
 */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CanonicalError, parseCanonical } from './canonical.ts'
import { bytesOfBase64, type Envelope, parseEnvelope } from './dsse.ts'
import type { Entry, OfficerIdentity, Statement } from './entry.ts'
import { faultsOfStatement } from './entry-schema.ts'
import { History } from './history.ts'
import { ArtifactRules } from './rules/artifacts.ts'
import { chainRules } from './rules/chain.ts'
import { SignatureRules } from './rules/signatures.ts'
import { StepRules } from './rules/steps.ts'
import { readLines, TRANSCRIPT } from './store.ts'
import { readTrust, trustRules } from './trust.ts'

export interface VerifyFinding {
  /** Counted from one; 0 for what concerns the whole. */
  readonly line: number
  /** Stable, such as `chain/previous`. */
  readonly rule: string
  readonly found: string
  readonly expected: string
}

/** One entry on its way through the rules. */
export interface Checked {
  readonly line: number
  readonly envelope: Envelope
  readonly payload: Uint8Array
  readonly statement: Statement
  readonly entry: Entry
  report(rule: string, found: string, expected: string): void
}

export interface Verification {
  readonly ok: boolean
  /** One sentence. */
  readonly verdict: string
  readonly closed: boolean
  readonly entries: number
  /** SHA-256, hex, of the last line; null for an empty transcript. */
  readonly head: string | null
  readonly mode: string | null
  readonly trusted: boolean
  readonly officers: readonly OfficerIdentity[]
  readonly stations: Readonly<Record<string, { readonly keyid: string }>>
  readonly findings: readonly VerifyFinding[]
}

const LIMITS = { bytes: 12 * 1024 * 1024, depth: 64 }
/** More findings than this help nobody. */
const MAX_FINDINGS = 100

/**
 * @param place the ceremony's folder, or its transcript file
 * @param options.head the digest that the last line must have; `trust` a file of trusted keys
 * @throws Error if the file cannot be read at all
 */
export async function verifyTranscript(place: string, options: { head?: string; trust?: string } = {}): Promise<Verification> {
  const dir = statSync(place).isDirectory() ? place : dirname(place)
  const file = statSync(place).isDirectory() ? join(place, TRANSCRIPT) : place
  const findings: VerifyFinding[] = []
  const history = new History()
  const state: State = { history, head: null, time: '', mode: null }
  const signatures = new SignatureRules(history)
  const artifacts = new ArtifactRules(dir)
  const steps = new StepRules(history, dir)
  let line = 0
  for await (const bytes of readLines(file)) {
    line++
    if (findings.length >= MAX_FINDINGS) break
    const report = (rule: string, found: string, expected: string): void => void findings.push({ line, rule, found, expected })
    const checked = readLine(bytes, line, report)
    if (checked) {
      chainRules(checked, state)
      if (signatures.check(checked)) {
        artifacts.check(checked)
        steps.check(checked)
      }
      history.apply(
        checked.statement,
        checked.envelope.signatures.map(({ keyid }) => keyid),
        sha256(checked.payload),
      )
      state.time = checked.entry.time
      state.mode ??= checked.entry.mode
    }
    state.head = sha256(bytes).toString('hex')
  }
  const whole = (rule: string, found: string, expected: string): void => void findings.push({ line: 0, rule, found, expected })
  endsWithNewline(file, whole)
  if (line === 0) whole('transcript/empty', 'no entry', 'an `opened` entry at least')
  artifacts.atEnd(whole)
  if (options.head && options.head !== state.head) whole('head/digest', state.head ?? 'nothing', options.head)
  const trusted = options.trust !== undefined && trustRules(readTrust(options.trust), history.opened, whole)
  return {
    ok: findings.length === 0,
    verdict: verdictOf(findings, history, trusted),
    closed: history.closed,
    entries: line,
    head: state.head,
    mode: state.mode,
    trusted,
    officers: history.opened?.officers ?? [],
    stations: history.opened?.stations ?? {},
    findings,
  }
}

/** What the chain rules carry from entry to entry. */
export interface State {
  readonly history: History
  head: string | null
  time: string
  mode: string | null
}

/** Form: the line is a canonical envelope around a canonical statement of a known shape. */
function readLine(bytes: Uint8Array, line: number, report: Checked['report']): Checked | undefined {
  try {
    const envelope = parseEnvelope(bytes)
    const payload = bytesOfBase64(envelope.payload, 'payload')
    const statement = parseCanonical(payload, LIMITS) as Statement
    const fault = faultsOfStatement(statement)
    if (fault === undefined) return { line, envelope, payload, statement, entry: statement.predicate, report }
    report('statement/shape', fault, 'an in-toto Statement v1 with a predicate of this project’s type')
  } catch (error) {
    if (!(error instanceof CanonicalError)) throw error
    report('envelope/canonical', error.message, 'one DSSE envelope in canonical JSON around a statement in canonical JSON')
  }
  return undefined
}

function endsWithNewline(file: string, report: Checked['report']): void {
  const { size } = statSync(file)
  if (size === 0) return
  const last = Buffer.alloc(1)
  const handle = openSync(file, 'r')
  readSync(handle, last, 0, 1, size - 1)
  closeSync(handle)
  if (last[0] !== 0x0a) report('transcript/torn', 'bytes behind the last newline', 'a newline at the end of the last line')
}

function verdictOf(findings: readonly VerifyFinding[], history: History, trusted: boolean): string {
  if (findings.length > 0) return `DOES NOT HOLD: ${findings.length >= MAX_FINDINGS ? 'at least ' : ''}${findings.length} finding(s)`
  const trust = trusted ? 'signed by keys that you trust' : 'self-asserted: compare the fingerprints with the paper'
  return `holds${history.closed ? '' : ', but is not closed: what came after may be missing'} (${trust})`
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
