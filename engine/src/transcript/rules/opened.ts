/** The opening entry against the runbook that it names: who and what must be there before anything begins. */
import semver from 'semver'
import type { Runbook } from '../../runbook/model.ts'
import { bindParameters } from '../../runbook/parameters.ts'
import { parseRunbook } from '../../runbook/parse.ts'
import { canonicalize } from '../canonical.ts'
import type { Opened } from '../entry.ts'
import { digestOfFiles, unpackPlugin } from '../plugin-package.ts'
import { sameData } from '../same-data.ts'
import { readArtifact } from '../store.ts'
import type { RuleCode } from './catalogue.ts'
import type { Packages } from './plugins.ts'
import type { Checked } from './report.ts'

/**
 * @param dir where the artifacts lie; undefined if they are not there to be looked at
 * @param packages gets the plugins' packages
 * @returns the runbook of the ceremony; undefined if it is not there (the artifact rules' finding) or not to be used
 */
export function openedRules(opened: Opened, checked: Checked, dir: string | undefined, packages: Packages): Runbook | undefined {
  const { statement, entry, report } = checked
  const { sha256 } = opened.runbook
  if (statement.subject[0]?.digest.sha256 !== sha256) report('opened/runbook', 'another first subject', `the runbook, ${sha256}`)
  if (entry.mode === 'production' && (opened.unattended || opened.clock_scale !== 1)) {
    const found = opened.unattended ? 'answers from a file' : `a clock that runs ${opened.clock_scale} times as fast`
    report('opened/production', found, 'people, and the real time, in a production ceremony')
  }
  const source = dir === undefined ? undefined : readArtifact(dir, sha256)
  if (dir === undefined || !source) return undefined
  const { runbook, findings } = parseRunbook(source, 'runbook.yaml')
  const error = findings.find(({ severity }) => severity === 'error')
  if (!runbook || error || runbook.sha256 !== sha256) {
    report(
      'opened/runbook',
      error ? `a runbook with errors: ${error.message}` : 'an artifact that is no runbook',
      `a valid runbook with digest ${sha256}`,
    )
    return undefined
  }
  againstRunbook(opened, runbook, checked)
  packageRules(opened, checked, dir, packages)
  return runbook
}

function againstRunbook(opened: Opened, runbook: Runbook, { entry, report }: Checked): void {
  const { name, version, title, sha256 } = runbook
  const same = (rule: RuleCode, found: unknown, expected: unknown): void => {
    if (!sameData(found, expected)) report(rule, canonicalize(found), canonicalize(expected))
  }
  same('opened/runbook', opened.runbook, { name, version, title, sha256 })
  same('opened/stations', Object.keys(opened.stations).sort(), Object.keys(runbook.stations).sort())
  same('opened/plugins', Object.keys(opened.plugins).sort(), Object.keys(runbook.plugins).sort())
  if (runbook.steps[0] && entry.station !== runbook.steps[0].station)
    report('opened/stations', `opened at ${entry.station}`, runbook.steps[0].station)
  for (const [plugin, range] of Object.entries(runbook.plugins)) {
    const found = Object.hasOwn(opened.plugins, plugin) ? opened.plugins[plugin]!.version : undefined
    if (found !== undefined && !semver.satisfies(found, range)) report('opened/plugins', `${plugin} ${found}`, `${plugin} ${range}`)
  }
  for (const [role, { atLeast }] of Object.entries(runbook.roles)) {
    const present = opened.officers.filter(({ roles }) => roles.includes(role)).length
    if (present < atLeast) report('opened/roles', `${present} people as ${role}`, `at least ${atLeast}`)
  }
  const { parameters, findings } = bindParameters(runbook, opened.parameters)
  for (const { message } of findings) report('opened/parameters', message, 'parameters as the runbook declares them')
  if (findings.length === 0) same('opened/parameters', opened.parameters, parameters)
}

/** What is kept of each plugin is what the entry says: its name, its version, and the digest of its files. */
function packageRules(opened: Opened, { statement, report }: Checked, dir: string, packages: Packages): void {
  for (const [name, identity] of Object.entries(opened.plugins)) {
    if (!statement.subject.some(({ digest }) => digest.sha256 === identity.package))
      report('opened/package', `${name} without its package as a subject`, identity.package)
    const bytes = readArtifact(dir, identity.package)
    if (!bytes) continue
    try {
      const plugin = unpackPlugin(bytes)
      const found = { name: plugin.name, version: plugin.version, sha256: digestOfFiles(plugin.files) }
      const expected = { name, version: identity.version, sha256: identity.sha256 }
      if (sameData(found, expected)) packages.add(plugin)
      else report('opened/package', canonicalize(found), canonicalize(expected))
    } catch (error) {
      report('opened/package', (error as Error).message, `the description and files of ${name}`)
    }
  }
}
