/** Reads a runbook for work: one with an error is refused. */
import type { Finding, Runbook } from '../runbook/model.ts'
import { parseRunbook } from '../runbook/parse.ts'
import { CeremonyError } from './error.ts'
import { readIfThere } from './setup-file.ts'

/** @throws CeremonyError `runbook/invalid` (exit 2) */
export function readRunbook(file: string): Runbook {
  const source = readIfThere(file)
  if (!source) {
    throw new CeremonyError('runbook/missing', `There is no runbook at ${file}.`, {
      found: 'no such file',
      expected: 'a runbook (YAML)',
      advice: 'Check the path.',
      exitCode: 2,
    })
  }
  const { runbook, findings } = parseRunbook(source, file)
  refuseErrors(findings)
  return runbook!
}

export function refuseErrors(findings: readonly Finding[]): void {
  const errors = findings.filter((finding) => finding.severity === 'error')
  if (errors.length === 0) return
  const texts = errors.map(
    ({ file, position, message, advice }) => `${file}:${position.line}:${position.column}: ${message}${advice ? ` (${advice})` : ''}`,
  )
  throw new CeremonyError('runbook/invalid', `The runbook has ${errors.length === 1 ? 'an error' : `${errors.length} errors`}.`, {
    found: texts.join('\n'),
    expected: 'a runbook that `ceremony check` passes',
    advice: 'Correct it and start again; nothing was done.',
    exitCode: 2,
  })
}
