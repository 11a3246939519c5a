/**
 * Verifies a transcript with nothing but what it says itself and public standards: no plugin code is run. It is read as a
 * stream; each rule is a small named check with a stable code.
 */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CanonicalError, parseCanonical, STATEMENT_LIMITS } from './canonical.ts'
import { bytesOfBase64, ENVELOPE_LIMITS, type Envelope, parseEnvelope } from './dsse.ts'
import type { Entry, Mode, OfficerIdentity, Statement } from './entry.ts'
import { faultsOfStatement } from './entry-schema.ts'
import { readLines } from './files.ts'
import { History } from './history.ts'
import { ArtifactRules } from './rules/artifacts.ts'
import { chainRules, type Link } from './rules/chain.ts'
import { Course } from './rules/course.ts'
import { openedRules } from './rules/opened.ts'
import { SignatureRules } from './rules/signatures.ts'
import { stationRules } from './rules/stations.ts'
import { stepRules } from './rules/steps.ts'
import { TRANSCRIPT } from './store.ts'
import { readTrust, trustRules } from './trust.ts'

export interface VerifyFinding {
  /** Counted from one; 0 for what concerns the whole. */
  readonly line: number
  /** Stable, such as `chain/previous`. */
  readonly rule: string
  readonly found: string
  readonly expected: string
}

export type Report = (rule: string, found: string, expected: string) => void

/** One entry on its way through the rules. */
export interface Checked {
  readonly envelope: Envelope
  readonly payload: Uint8Array
  readonly statement: Statement
  readonly entry: Entry
  readonly report: Report
}

export interface Verification {
  readonly ok: boolean
  /** One sentence. */
  readonly verdict: string
  readonly closed: boolean
  readonly entries: number
  /** SHA-256, hex, of the last line; null for an empty transcript. */
  readonly head: string | null
  readonly mode: Mode | null
  /** Whether every key is one that the trust file names. */
  readonly trusted: boolean
  readonly officers: readonly OfficerIdentity[]
  readonly stations: Readonly<Record<string, { readonly keyid: string }>>
  /** Why it does not hold. */
  readonly findings: readonly VerifyFinding[]
  /** What is odd, but takes nothing away from what the entries prove. */
  readonly warnings: readonly VerifyFinding[]
}

/** More findings than this help nobody; reading stops there. */
const MAX_FINDINGS = 100

/**
 * @param place the ceremony's folder, or its transcript file (artifacts are looked for beside it)
 * @param options.head the digest that the last line must have; `trust` a file of trusted keys
 * @throws TrustError if the trust file is not one
 * @throws Error if the transcript cannot be opened
 */
export async function verifyTranscript(place: string, options: { head?: string; trust?: string } = {}): Promise<Verification> {
  const trust = options.trust === undefined ? undefined : readTrust(options.trust)
  const isFolder = statSync(place).isDirectory()
  const file = isFolder ? join(place, TRANSCRIPT) : place
  const verifier = new Verifier(isFolder ? place : dirname(place))
  try {
    for await (const bytes of readLines(file, ENVELOPE_LIMITS.bytes)) {
      verifier.line(bytes)
      if (verifier.findings.length >= MAX_FINDINGS) break
    }
  } catch (error) {
    if (!(error instanceof CanonicalError)) throw error
    verifier.report(verifier.lines + 1, 'envelope/size', error.message, `lines of at most ${ENVELOPE_LIMITS.bytes} bytes`)
  }
  verifier.end(file)
  return verifier.result(options.head, trust)
}

/** The state of one verification, fed line by line. */
class Verifier {
  readonly findings: VerifyFinding[] = []
  readonly #warnings: VerifyFinding[] = []
  readonly #dir: string
  readonly #history = new History()
  readonly #signatures = new SignatureRules()
  readonly #artifacts: ArtifactRules
  #course: Course | undefined
  #before: Link = { digest: null, sequence: -1, closed: false }
  lines = 0

  constructor(dir: string) {
    this.#dir = dir
    this.#artifacts = new ArtifactRules(dir)
  }

  report(line: number, rule: string, found: string, expected: string): void {
    this.findings.push({ line, rule, found, expected })
  }

  line(bytes: Buffer): void {
    const line = ++this.lines
    const checked = readLine(bytes, (rule, found, expected) => this.report(line, rule, found, expected))
    const digest = sha256(bytes).toString('hex')
    // A line that cannot be read stands for one entry, so that what follows is judged by itself.
    if (!checked) this.#before = { ...this.#before, digest, sequence: this.#before.sequence + 1 }
    else {
      this.#check(checked)
      const { ceremony, sequence, mode, time } = checked.entry
      this.#before = { digest, ceremony, sequence, mode, time, closed: this.#history.closed }
    }
  }

  #check(checked: Checked): void {
    const { entry, statement, envelope, payload, report } = checked
    chainRules(checked, this.#before)
    if (this.#signatures.check(checked)) {
      this.#artifacts.check(checked)
      try {
        if (entry.kind === 'opened') {
          const runbook = openedRules(entry, checked, this.#dir)
          if (runbook) this.#course = new Course(runbook, this.#history)
        }
        stationRules(checked, this.#history, this.#course)
        stepRules(checked, this.#history, this.#course)
      } catch (error) {
        // An expression over outputs that nobody foresaw: the ceremony could not have gone on from there.
        report('step/expression', (error as Error).message, 'expressions of the runbook that can be evaluated')
      }
    }
    const keyids = envelope.signatures.map(({ keyid }) => keyid)
    this.#history.apply(statement, keyids, sha256(payload))
  }

  end(file: string): void {
    const whole: Report = (rule, found, expected) => this.report(0, rule, found, expected)
    if (!endsWithNewline(file)) whole('transcript/torn', 'bytes behind the last newline', 'a newline at the end of the last line')
    if (this.lines === 0) whole('transcript/empty', 'no entry', 'an `opened` entry at least')
    this.#artifacts.atEnd((rule, found, expected) => void this.#warnings.push({ line: 0, rule, found, expected }))
  }

  result(head: string | undefined, trust: ReadonlySet<string> | undefined): Verification {
    const { opened, closed } = this.#history
    const whole: Report = (rule, found, expected) => this.report(0, rule, found, expected)
    const { digest } = this.#before
    if (head !== undefined && head.toLowerCase() !== digest) whole('head/digest', digest ?? 'nothing', head)
    const trusted = trust !== undefined && trustRules(trust, opened, whole)
    return {
      ok: this.findings.length === 0,
      verdict: verdictOf(this.findings.length, closed, trusted),
      closed,
      entries: this.lines,
      head: digest,
      mode: opened ? (this.#before.mode ?? null) : null,
      trusted,
      officers: opened?.officers ?? [],
      stations: opened?.stations ?? {},
      findings: this.findings,
      warnings: this.#warnings,
    }
  }
}

/** Form: the line is a canonical envelope around a canonical statement of a known shape. */
function readLine(bytes: Uint8Array, report: Report): Checked | undefined {
  try {
    const envelope = parseEnvelope(bytes)
    const payload = bytesOfBase64(envelope.payload, 'payload')
    const statement = parseCanonical(payload, STATEMENT_LIMITS) as Statement
    const fault = faultsOfStatement(statement)
    if (fault === undefined) return { envelope, payload, statement, entry: statement.predicate, report }
    report('statement/shape', fault, 'an in-toto Statement v1 with a predicate of this project’s type')
  } catch (error) {
    if (!(error instanceof CanonicalError)) throw error
    report('envelope/canonical', error.message, 'one DSSE envelope in canonical JSON around a statement in canonical JSON')
  }
  return undefined
}

function endsWithNewline(file: string): boolean {
  const { size } = statSync(file)
  if (size === 0) return true
  const last = Buffer.alloc(1)
  const handle = openSync(file, 'r')
  readSync(handle, last, 0, 1, size - 1)
  closeSync(handle)
  return last[0] === 0x0a
}

function verdictOf(findings: number, closed: boolean, trusted: boolean): string {
  if (findings > 0) return `DOES NOT HOLD: ${findings >= MAX_FINDINGS ? 'at least ' : ''}${findings} finding${findings === 1 ? '' : 's'}`
  const trust = trusted ? 'signed by keys that you trust' : 'self-asserted: compare the fingerprints with the paper'
  return `holds${closed ? '' : ', but is not closed: what came after may be missing'} (${trust})`
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
