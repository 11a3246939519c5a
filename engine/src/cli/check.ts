/** `ceremony check`. */
import { Plugins } from '../ceremony/plugins.ts'
import { readIfThere } from '../ceremony/setup-file.ts'
import { PluginError } from '../plugin/contract.ts'
import { checkRunbook } from '../runbook/check.ts'
import type { Finding } from '../runbook/model.ts'
import { parseRunbook } from '../runbook/parse.ts'

/** @returns 0 if no file has an error, else 2 */
export async function check(files: string[], options: { json?: boolean }): Promise<number> {
  const findings: Finding[] = []
  for (const file of files) findings.push(...(await findingsOf(file)))
  const errors = findings.filter((finding) => finding.severity === 'error').length
  const warnings = findings.length - errors
  if (options.json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`)
  else {
    for (const finding of findings) process.stdout.write(`${describe(finding)}\n`)
    const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`
    process.stdout.write(`${count(files.length, 'runbook')}: ${count(errors, 'error')}, ${count(warnings, 'warning')}\n`)
  }
  return errors > 0 ? 2 : 0
}

async function findingsOf(file: string): Promise<Finding[]> {
  const source = readIfThere(file)
  if (!source) return [atStart(file, 'runbook/missing', 'there is no such file', 'Check the path.')]
  const { runbook, findings } = parseRunbook(source, file)
  if (!runbook) return findings
  let plugins: Plugins | undefined
  try {
    plugins = await Plugins.start(Object.keys(runbook.plugins), undefined, () => {})
    return [...findings, ...checkRunbook(runbook, plugins.descriptions())]
  } catch (error) {
    if (!(error instanceof PluginError)) throw error
    return [...findings, atStart(file, error.code, `${error.message} Found: ${error.found}`, error.advice)]
  } finally {
    await plugins?.stop()
  }
}

function atStart(file: string, code: string, message: string, advice: string): Finding {
  return { severity: 'error', code, file, position: { line: 1, column: 1 }, message, advice, frame: '' }
}

function describe({ severity, code, file, position, message, advice, frame }: Finding): string {
  const head = `${file}:${position.line}:${position.column}: ${severity}: ${message} [${code}]`
  return [head, ...(frame ? [frame] : []), ...(advice ? [`  → ${advice}`] : []), ''].join('\n')
}
