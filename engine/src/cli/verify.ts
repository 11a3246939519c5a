/** `ceremony verify`. */
import { statSync } from 'node:fs'
import { CeremonyError } from '../ceremony/error.ts'
import { type Verification, verifyTranscript } from '../transcript/verify.ts'

/** @returns 0 if the transcript holds, else 1 */
export async function verify(place: string, options: { trust?: string; head?: string; json?: boolean }): Promise<number> {
  if (!statSync(place, { throwIfNoEntry: false })) {
    throw new CeremonyError('verify/missing', `There is nothing at ${place}.`, {
      found: 'no such file or folder',
      expected: 'the folder of a ceremony, or a transcript',
      advice: 'Check the path.',
      exitCode: 2,
    })
  }
  const result = await verifyTranscript(place, options)
  process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : describe(result))
  return result.ok ? 0 : 1
}

function describe(result: Verification): string {
  const lines = [`The transcript ${result.verdict}.`, '']
  for (const { line, rule, found, expected } of result.findings) {
    lines.push(`  ${line > 0 ? `line ${line}` : 'whole'}  ${rule}`, `    found     ${found}`, `    expected  ${expected}`)
  }
  if (result.findings.length > 0) lines.push('')
  lines.push(`Entries   ${result.entries}, ${result.closed ? 'closed' : 'not closed'}, ${result.mode ?? 'no mode'}`, `Head      ${result.head ?? 'none'}`)
  for (const { name, roles, keyid } of result.officers) lines.push(`Officer   ${name} (${roles.join(', ')})  ${keyid}`)
  for (const [name, { keyid }] of Object.entries(result.stations)) lines.push(`Station   ${name}  ${keyid}`)
  return `${lines.join('\n')}\n`
}
