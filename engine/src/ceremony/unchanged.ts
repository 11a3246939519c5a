/** A ceremony that is taken up again goes on with what it was opened with, or not at all. */
import { canonicalize } from '../transcript/canonical.ts'
import type { Opened } from '../transcript/entry.ts'
import { CeremonyError } from './error.ts'

/** What a ceremony runs with; the parts of the opening entry that files on disk could have changed since. */
export type RunsWith = Pick<Opened, 'runbook' | 'plugins' | 'stations' | 'officers' | 'clock_scale' | 'unattended' | 'cloud'>

/**
 * @param opened the opening entry
 * @param now what the folder and the installation hold now
 * @throws CeremonyError `resume/changed` naming everything that differs
 */
export function refuseChanges(opened: Opened, now: RunsWith): void {
  const found: string[] = []
  const expected: string[] = []
  const compare = (what: string, then: unknown, today: unknown): void => {
    if (canonicalize(then ?? null) === canonicalize(today ?? null)) return
    found.push(`${what}: ${JSON.stringify(today ?? null).slice(0, 300)}`)
    expected.push(`${what}: ${JSON.stringify(then ?? null).slice(0, 300)}`)
  }
  compare('runbook.yaml', opened.runbook, now.runbook)
  for (const name of Object.keys(opened.plugins)) compare(`plugin ${name}`, opened.plugins[name], now.plugins[name])
  for (const name of Object.keys(opened.stations))
    compare(`key of station ${name}`, opened.stations[name]?.keyid, now.stations[name]?.keyid)
  for (const { name, keyid, roles } of now.officers) {
    const then = opened.officers.find((officer) => officer.name === name)
    compare(`officer ${name}`, then && { keyid: then.keyid, roles: then.roles }, { keyid, roles })
  }
  compare('clock scale', opened.clock_scale, now.clock_scale)
  compare('unattended', opened.unattended, now.unattended)
  compare('cloud', opened.cloud, now.cloud)
  if (found.length === 0) return
  throw new CeremonyError('resume/changed', 'This ceremony was opened with something else than what is here now.', {
    found: found.join('\n'),
    expected: expected.join('\n'),
    advice:
      'Put back what was changed (the ceremony keeps its runbook and its plugins under artifacts/), or begin a new ceremony. Nothing was done.',
    exitCode: 2,
  })
}
