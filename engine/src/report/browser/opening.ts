/** The opening entry against the plan: what must be there before anything begins. */
import type { Plan } from './about.ts'
import { canonicalize } from './canonical.ts'
import type { Line } from './lines.ts'
import type { Report } from './turn.ts'

/** @param held whether the page holds the runbook that the plan was read out of */
export function openingRules(line: Line | undefined, plan: Plan | null, held: boolean, report: Report): void {
  const opened = line?.statement?.predicate
  if (opened?.kind !== 'opened') return
  const { runbook, mode, unattended, clock_scale, stations, officers } = opened
  if (line?.statement?.subject[0]?.digest.sha256 !== runbook.sha256)
    report('opened/runbook', 'another first subject', `the runbook, ${runbook.sha256}`)
  if (mode === 'production' && (unattended || clock_scale !== 1))
    report('opened/production', 'answers from a file, or a clock that runs faster', 'people, and the real time, in a production ceremony')
  // Without the runbook nobody can say whether the quorums were met.
  if (!plan || !held) {
    report('opened/runbook', 'no usable runbook in the page', `the runbook, ${runbook.sha256}`)
    return
  }
  const same = (rule: string, found: unknown, expected: unknown): void => {
    if (canonicalize(found) !== canonicalize(expected)) report(rule, canonicalize(found), canonicalize(expected))
  }
  const { name, version, title, sha256 } = plan
  same('opened/runbook', runbook, { name, version, title, sha256 })
  same('opened/stations', Object.keys(stations).sort(), Object.keys(plan.stations).sort())
  for (const [role, { atLeast }] of Object.entries(plan.roles)) {
    const present = officers.filter(({ roles }) => roles.includes(role)).length
    if (present < atLeast) report('opened/roles', `${present} people as ${role}`, `at least ${atLeast}`)
  }
}
