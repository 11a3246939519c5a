import { buildRunbook } from './build.ts'
import { byPosition } from './frame.ts'
import type { Finding, Runbook } from './model.ts'
import { readYaml } from './read.ts'
import { schemaFindings } from './schema-findings.ts'
import { structureFindings } from './structure.ts'

/**
 * Parses a runbook file. Never throws, whatever the bytes are.
 * @param file the name to use in findings
 * @returns every mistake that shows without knowing the plugins, by position; and the runbook, as far as it could be
 *   understood. A runbook that comes with an error is only fit for `checkRunbook`, never for running.
 */
export function parseRunbook(source: Uint8Array, file: string): { runbook: Runbook | null; findings: Finding[] } {
  const read = readYaml(source, file)
  if (read.data === undefined) return { runbook: null, findings: read.findings.sort(byPosition) }
  const runbook = buildRunbook(read.data, source, read.source)
  const told = new Set(read.findings.map(({ position }) => `${position.line}:${position.column}`))
  const further = [
    ...schemaFindings(read.data, read.source),
    ...(runbook === null ? [] : structureFindings(runbook, read.data, read.source)),
  ]
  // What is wrong as YAML is left out of the data, and would be missed here a second time.
  const findings = [...read.findings, ...further.filter(({ position }) => !told.has(`${position.line}:${position.column}`))]
  return { runbook, findings: findings.sort(byPosition) }
}
