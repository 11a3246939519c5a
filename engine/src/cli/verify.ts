/** `ceremony verify`. */
import { setFlagsFromString } from 'node:v8'
import { printable } from '../terminal/printable.ts'
import { type Verification, type VerifyFinding, verifyTranscript } from '../transcript/verify.ts'
import { rowsOfWords } from '../transcript/words.ts'
import { audit } from './audit.ts'

/** As many findings as fit on a page beside the fingerprints; `--json` tells all. */
const SHOWN = 6

/**
 * @returns 0 if every rule was checked and holds, else 1
 * @throws CeremonyError for a place or an option that is of no use (exit 2)
 */
export async function verify(place: string, options: { trust?: string; head?: string; json?: boolean }): Promise<number> {
  // A long transcript is a stream of short-lived objects: V8 would rather take more room for garbage than clear it away.
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--optimize-for-size')
  const result = await audit(place, options, () => verifyTranscript(place, options))
  process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : describe(result))
  return result.ok ? 0 : 1
}

function describe(result: Verification): string {
  const { findings, warnings, unchecked } = result
  const lines = [`The transcript ${result.verdict}.`, '', ...describeFindings(findings)]
  if (unchecked.length > 0) {
    lines.push('Not checked, because there are no artifacts (the runbook is one) beside the transcript:')
    lines.push(...wrapped(unchecked.join(', ')), '')
  }
  if (warnings.length > 0) lines.push('Odd, but no reason to doubt what the entries prove:', ...describeFindings(warnings))
  lines.push(
    `Entries   ${result.entries}, ${result.closed ? 'closed' : 'not closed'}, ${result.mode ?? 'no mode'}`,
    `Head      ${result.head ?? 'none'}`,
  )
  for (const { name, roles, keyid } of result.officers)
    lines.push(...fingerprint('Officer', `${name} (${roles.join(', ')})`, keyid, result.trusted))
  for (const [name, { keyid }] of Object.entries(result.stations)) lines.push(...fingerprint('Station', name, keyid, result.trusted))
  return `${lines.map(printable).join('\n')}\n`
}

function describeFindings(findings: readonly VerifyFinding[]): string[] {
  const lines = findings.slice(0, SHOWN).flatMap(describeFinding)
  if (findings.length > SHOWN) lines.push(`  … and ${findings.length - SHOWN} more; --json tells all of them`, '')
  return lines
}

function describeFinding({ line, rule, found, expected }: VerifyFinding): string[] {
  return [`  ${line > 0 ? `line ${line}` : 'whole'}  ${rule}`, `    found     ${found}`, `    expected  ${expected}`, '']
}

/** Keys that nobody vouches for are shown in words too, to be read aloud and compared with the paper. */
function fingerprint(what: string, who: string, keyid: string, trusted: boolean): string[] {
  const rows = trusted ? [] : rowsOfWords(keyid).map((row) => `            ${row}`)
  return [`${what}   ${who}`, `          ${keyid}`, ...rows]
}

function wrapped(text: string): string[] {
  return text.match(/.{1,100}(?:, |$)/g)?.map((line) => `  ${line.trimEnd()}`) ?? []
}
