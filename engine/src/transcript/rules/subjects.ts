/** Subjects: what in-toto says that a statement is about is exactly what the entry brings. */
import type { Opened, Outcome, Subject } from '../entry.ts'
import type { History } from '../history.ts'
import { sameData } from '../same-data.ts'
import { readArtifact } from '../store.ts'
import { artifactsIn, digestOfCeremony } from './artifacts.ts'
import { type Checked, type Report, shown } from './report.ts'

/** @param dir where the artifacts lie; undefined if they are not there to be looked at */
export function subjectRules(checked: Checked, history: History, dir: string | undefined): void {
  const { statement, entry, report } = checked
  const { subject } = statement
  const ceremony = [{ name: 'ceremony', digest: { sha256: digestOfCeremony(entry.ceremony) } }]
  if (entry.kind === 'opened') same(subject, subjectsOf(entry), report)
  else if (entry.kind !== 'outcome' || entry.result === 'failed') same(subject, ceremony, report)
  else if (sameData(subject, ceremony)) madeRules([], entry, history, dir, report)
  else madeRules(subject, entry, history, dir, report)
}

function subjectsOf({ runbook, plugins }: Opened): Subject[] {
  const packages = Object.entries(plugins).map(([name, plugin]) => ({ name: `plugin-${name}.json`, digest: { sha256: plugin.package } }))
  return [{ name: 'runbook.yaml', digest: { sha256: runbook.sha256 } }, ...packages]
}

/** In whatever order the packages stand, as long as the runbook is first. */
function same(found: readonly Subject[], expected: readonly Subject[], report: Report): void {
  const sorted = ([first, ...others]: readonly Subject[]): unknown[] => [first, ...others.toSorted((a, b) => (a.name < b.name ? -1 : 1))]
  if (!sameData(found, expected) && !sameData(sorted(found), sorted(expected))) report('statement/subject', textOf(found), textOf(expected))
}

/** What a step made stands in its outputs, or at least passed the door for artifacts; and what its outputs name is a subject. */
function madeRules(subject: readonly Subject[], outcome: Outcome, history: History, dir: string | undefined, report: Report): void {
  const given = new Set([...artifactsIn(history.open?.intent.inputs)].map(({ sha256 }) => sha256))
  const named = [...artifactsIn([outcome.outputs, outcome.attempts?.map(({ outputs }) => outputs)])]
  const isMade = ({ name, digest }: Subject): boolean => named.some((made) => made.name === name && made.sha256 === digest.sha256)
  // What was found done after a crash was made by an attempt that did not live to name it.
  const missing = (outcome.reconciled ? [] : [...artifactsIn(outcome.outputs)]).filter(
    ({ name, sha256 }) => !given.has(sha256) && !subject.some((made) => made.name === name && made.digest.sha256 === sha256),
  )
  for (const { name, sha256 } of missing) report('statement/subject', `no subject ${name}`, `${name}, ${sha256}, which the outputs name`)
  const isTwice = ({ name }: Subject, place: number): boolean => subject.findIndex((made) => made.name === name) < place
  const odd = subject.filter((made, place) => isTwice(made, place) || (!isMade(made) && !wasPut(made, outcome, dir)))
  if (odd.length > 0) report('statement/subject', textOf(odd), 'artifacts that the step made, each once')
}

function wasPut({ name, digest }: Subject, { exchanges }: Outcome, dir: string | undefined): boolean {
  if (!exchanges) return false
  if (dir === undefined) return true
  const recorded = readArtifact(dir, exchanges.sha256)
  // That the recording is missing is a finding of its own.
  return !recorded || Buffer.from(recorded).includes(`${JSON.stringify({ name, sha256: digest.sha256 }).slice(0, -1)},`)
}

function textOf(subjects: readonly Subject[]): string {
  return shown(subjects.map(({ name, digest }) => `${name} ${digest.sha256}`).join(', '))
}
