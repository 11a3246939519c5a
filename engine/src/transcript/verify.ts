/**
 * Verifies a transcript with nothing but what it says itself and public standards: no plugin code is run. It is read as a
 * stream, in constant memory. What can be judged of a line by itself (form, signatures, artifacts) is judged on all cores,
 * what depends on the order in this thread; each rule is a small check with a stable code (rules/catalogue.ts).
 */
import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { linesOf, readBatches, Spare } from './batches.ts'
import { CanonicalError } from './canonical.ts'
import { ENVELOPE_LIMITS } from './dsse.ts'
import { STATEMENT_SHAPES } from './entry-schema.ts'
import { type JudgedLine, LineChecker } from './line.ts'
import { LinePool } from './line-pool.ts'
import { MAX_FINDINGS, type Verification, type VerifyFinding, verdictOf } from './result.ts'
import { rulesThatNeed } from './rules/catalogue.ts'
import { ShapeChecker } from './shape.ts'
import { artifactPath, TRANSCRIPT } from './store.ts'
import { TimeLimitError, within } from './time-limit.ts'
import { readTrust, type Trust, trustRules } from './trust.ts'
import { Verifier } from './verifier.ts'

export type { Verification, VerifyFinding }

/** Below this many bytes it takes longer to start threads than to do their work. */
const SMALL = 3 * 1024 * 1024
/** For the rules over one batch; where nobody means harm they take a hundredth of a second. */
const MAX_MILLISECONDS = 30_000

/**
 * @param place the ceremony's folder, or its transcript file: artifacts are looked for beside it, and if there are none,
 *   the result says which rules could not be checked
 * @param options.head the digest that the last line must have; `trust` a file of trusted keys; `milliseconds` the time
 *   after which the rules over a few hundred lines are given up
 * @throws TrustError if the trust file is not one
 * @throws Error if the transcript cannot be opened
 */
export async function verifyTranscript(
  place: string,
  options: { head?: string; trust?: string; milliseconds?: number } = {},
): Promise<Verification> {
  const trust = options.trust === undefined ? undefined : readTrust(options.trust)
  const isFolder = statSync(place).isDirectory()
  const file = isFolder ? join(place, TRANSCRIPT) : place
  const dir = isFolder ? place : dirname(place)
  const artifacts = isFolder || isThere(join(dir, 'artifacts')) ? dir : undefined
  const verifier = new Verifier(artifacts)
  try {
    for await (const lines of judgedLines(file, artifacts, verifier)) {
      within(options.milliseconds ?? MAX_MILLISECONDS, () => {
        for (const line of lines) verifier.take(line)
      })
      if (verifier.findings.length >= MAX_FINDINGS) break
    }
  } catch (error) {
    reportEnd(error as NodeJS.ErrnoException, verifier)
  }
  verifier.findings.splice(MAX_FINDINGS)
  return resultOf(verifier, artifacts, options.head, trust)
}

/** What stopped the reading, if it is the transcript that is to blame. */
function reportEnd(error: NodeJS.ErrnoException, verifier: Verifier): void {
  const { lines } = verifier
  const expected = 'what can be judged in bounded time and memory; the rest was not read'
  if (error instanceof CanonicalError)
    verifier.report(lines + 1, 'envelope/size', error.message, `lines of at most ${ENVELOPE_LIMITS.bytes} bytes`)
  else if (error instanceof TimeLimitError) verifier.report(lines, 'transcript/limits', error.message, expected)
  else if (error.code === 'ERR_WORKER_OUT_OF_MEMORY')
    verifier.report(lines + 1, 'transcript/limits', 'more memory than a thread has', expected)
  else throw error
}

let shapes: ShapeChecker | undefined

/** Judges the lines of a file by themselves, in the order of the file, batch by batch. */
async function* judgedLines(file: string, dir: string | undefined, verifier: Verifier): AsyncGenerator<Iterable<JudgedLine>> {
  const isLarge = statSync(file).size > SMALL
  shapes ??= new ShapeChecker(STATEMENT_SHAPES)
  const checker = new LineChecker(dir, shapes)
  const spare = new Spare()
  const underWay: Promise<Iterable<JudgedLine>>[] = []
  let pool: LinePool | undefined
  try {
    let tooLong: CanonicalError | undefined
    try {
      for await (const { bytes, torn } of readBatches(file, ENVELOPE_LIMITS.bytes, spare)) {
        if (torn > 0)
          verifier.report(0, 'transcript/torn', `${torn} bytes behind the last newline`, 'a newline at the end of the last line')
        if (pool) {
          underWay.push(pool.judge(bytes))
          if (underWay.length >= pool.width) yield await underWay.shift()!
          continue
        }
        // The first batch tells who may sign, which the threads must know.
        yield judgedHere(bytes, checker)
        if (isLarge && checker.identities) pool = new LinePool(dir, checker.identities, spare)
      }
    } catch (error) {
      if (!(error instanceof CanonicalError)) throw error
      tooLong = error
    }
    for (const lines of underWay) yield await lines
    // Only now is it known which line that is.
    if (tooLong) throw tooLong
  } finally {
    await pool?.close()
  }
}

function* judgedHere(bytes: Buffer, checker: LineChecker): Generator<JudgedLine> {
  for (const line of linesOf(bytes)) yield checker.judge(line)
}

function resultOf(verifier: Verifier, dir: string | undefined, head: string | undefined, trust: Trust | undefined): Verification {
  const { findings, history, lines } = verifier
  const { opened, closed } = history
  if (lines === 0) verifier.report(0, 'transcript/empty', 'no entry', 'an `opened` entry at least')
  if (head !== undefined && head.toLowerCase() !== verifier.head) verifier.report(0, 'head/digest', verifier.head ?? 'nothing', head)
  const trusted =
    trust !== undefined &&
    trustRules(trust, opened, verifier.vouching, (rule, found, expected) => verifier.report(0, rule, found, expected))
  const unchecked = dir === undefined ? rulesThatNeed('artifacts', 'runbook', 'packages') : []
  return {
    ok: findings.length === 0 && unchecked.length === 0,
    verdict: verdictOf(findings.length, unchecked.length, closed, trusted),
    closed,
    entries: lines,
    head: verifier.head,
    mode: verifier.mode,
    trusted,
    officers: opened?.officers ?? [],
    stations: opened?.stations ?? {},
    findings,
    warnings: dir === undefined ? [] : unnamedArtifacts(verifier, dir),
    unchecked,
  }
}

/** An artifact that no entry names may be what a crash left; it proves nothing. */
function unnamedArtifacts(verifier: Verifier, dir: string): VerifyFinding[] {
  const folder = artifactPath(dir, '')
  const files = isThere(folder) ? readdirSync(folder) : []
  const unnamed = files.filter((file) => !/^[0-9a-f]{64}$/.test(file) || !verifier.isNamed(file)).slice(0, MAX_FINDINGS)
  return unnamed.map((file) => ({
    line: 0,
    rule: 'artifact/unnamed',
    found: `artifacts/sha256/${file}`,
    expected: 'only artifacts that an entry names',
  }))
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
