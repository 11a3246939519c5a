/** What JSON Schema cannot say of a runbook: names that must exist, words that belong together, ranges that must parse. */
import semver from 'semver'
import type { Finding, Runbook } from './model.ts'
import { parameterProblem } from './parameters.ts'
import { KINDS } from './schema.ts'
import type { Source } from './source.ts'
import { suggest } from './suggest.ts'
import type { Trail } from './yaml-data.ts'

type Data = Readonly<Record<string, unknown>>
type Report = (code: string, offset: number, message: string, advice?: string) => void

/** Words that make sense beside some kinds of step only. */
const COMPANIONS: readonly (readonly [string, readonly string[]])[] = [
  ['with', ['uses']],
  ['until', ['uses']],
  ['record', ['instruct']],
]

/**
 * @param data the file's data that `runbook` was built from
 * @returns every mistake in how the parts of the file fit together
 */
export function structureFindings(runbook: Runbook, data: unknown, source: Source): Finding[] {
  const found: Finding[] = []
  const report: Report = (code, offset, message, advice) => found.push(source.finding('error', `runbook/${code}`, offset, message, advice))
  for (const [name, range] of Object.entries(runbook.plugins)) {
    if (range !== '' && semver.validRange(range) === null) {
      const advice = 'Write for example `^1`, `1.2.x` or `>=1.2 <2`.'
      report('version-range', source.value(['plugins', name]), `\`${range}\` is no range of versions`, advice)
    }
  }
  for (const [name, schema] of Object.entries(runbook.parameters)) {
    const problem = parameterProblem(schema)
    if (problem !== null) report('parameter-schema', source.value(['parameters', name]), `The schema of \`${name}\` is wrong: ${problem}`)
  }
  const items = (data as { steps: unknown[] }).steps
  const first = new Map<string, number>()
  let placed = Object.keys(runbook.stations).length === 1
  for (const [index, item] of items.entries()) {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) continue
    const step = item as Data
    const path: Trail = ['steps', index]
    placed ||= 'station' in step
    if (!placed) {
      const advice = `Say \`station:\` here; ${suggest('', Object.keys(runbook.stations), 'stations').toLowerCase()}`
      report('no-station', source.value(path), 'The first step does not say at which station it takes place', advice)
      placed = true
    }
    stepFindings(step, path, runbook, first, source, report)
    if (typeof step.id === 'string' && !first.has(step.id)) first.set(step.id, index)
  }
  return found
}

function stepFindings(step: Data, path: Trail, runbook: Runbook, first: ReadonlyMap<string, number>, source: Source, report: Report): void {
  const at = (...trail: Trail) => source.value([...path, ...trail])
  const keyAt = (...trail: Trail) => source.key([...path, ...trail])
  const known = (name: unknown, names: object, code: string, what: string, offset: number) => {
    if (typeof name !== 'string' || Object.hasOwn(names, name)) return
    report(`unknown-${code}`, offset, `Unknown ${code} \`${name}\``, suggest(name, Object.keys(names), what))
  }

  const twin = typeof step.id === 'string' ? first.get(step.id) : undefined
  if (twin !== undefined) {
    const { line } = source.position(source.value(['steps', twin, 'id']))
    report('duplicate-id', at('id'), `The id \`${step.id}\` is taken by the step on line ${line}`, 'Each step has an id of its own.')
  }
  kindFindings(step, path, source, report)
  known(step.station, runbook.stations, 'station', 'stations', at('station'))
  if (typeof step.transfer === 'object' && step.transfer !== null) {
    known((step.transfer as Data).to, runbook.stations, 'station', 'stations', at('transfer', 'to'))
  }
  for (const when of ['before', 'after']) {
    const quorum = (step['sign-off'] as Data | undefined)?.[when]
    if (typeof quorum !== 'object' || quorum === null) continue
    for (const role of Object.keys(quorum)) known(role, runbook.roles, 'role', 'roles', keyAt('sign-off', when, role))
  }
  if (typeof step.uses === 'string' && step.uses.includes('/')) {
    known(step.uses.split('/')[0], runbook.plugins, 'plugin', 'plugins', at('uses'))
  }
  notSameAsFindings(step, path, runbook, first, source, report)
}

function kindFindings(step: Data, path: Trail, source: Source, report: Report): void {
  const kinds = KINDS.filter((kind) => kind in step)
  const list = KINDS.map((kind) => `\`${kind}\``).join(', ')
  if (kinds.length === 0) report('no-kind', source.value(path), 'The step does not say what to do', `It needs one of ${list}.`)
  for (const kind of kinds.slice(1)) {
    report('two-kinds', source.key([...path, kind]), `The step has \`${kinds[0]}\` already`, `A step has only one of ${list}.`)
  }
  for (const [word, owners] of COMPANIONS) {
    if (!(word in step) || kinds.length === 0 || owners.some((owner) => owner in step)) continue
    report('misplaced-key', source.key([...path, word]), `\`${word}\` belongs to a step with \`${owners[0]}\``)
  }
  if ('concurrency' in step && !('for-each' in step)) {
    report('misplaced-key', source.key([...path, 'concurrency']), '`concurrency` belongs to a step with `for-each`')
  }
  if ('transfer' in step && 'for-each' in step) {
    report('misplaced-key', source.key([...path, 'for-each']), 'There is one baton: a transfer cannot have `for-each`')
  }
}

/** The steps named must come before, and both sides need people who sign ahead. */
function notSameAsFindings(
  step: Data,
  path: Trail,
  runbook: Runbook,
  first: ReadonlyMap<string, number>,
  source: Source,
  report: Report,
): void {
  const written = step['not-same-as']
  const names = Array.isArray(written) ? written : [written]
  for (const [index, name] of names.entries()) {
    if (typeof name !== 'string') continue
    const offset = source.value([...path, 'not-same-as', ...(Array.isArray(written) ? [index] : [])])
    if (!first.has(name)) {
      const later = name === step.id || runbook.steps.some(({ id }) => id === name)
      if (later) report('use-before', offset, `\`not-same-as\` names the step \`${name}\`, which does not come before this one`)
      else report('unknown-step', offset, `Unknown step \`${name}\``, suggest(name, first.keys(), 'steps before'))
    } else if (!runbook.steps.some(({ id, signOff }) => id === name && Object.keys(signOff.before).length > 0)) {
      report('not-same-as', offset, `Nobody signs ahead of the step \`${name}\``, `Give \`${name}\` a \`sign-off: { before: … }\`.`)
    }
  }
  if (names.some((name) => typeof name === 'string') && (step['sign-off'] as Data | undefined)?.before === undefined) {
    const offset = source.key([...path, 'not-same-as'])
    report(
      'not-same-as',
      offset,
      'Nobody signs ahead of this step, so there is nobody to keep apart',
      'Give it a `sign-off: { before: … }`.',
    )
  }
}
