/** What a transcript fills into the script: who signed when, what came out, what failed, and what was off script. */
import type { About } from '../browser/about.ts'
import type { Line } from '../browser/lines.ts'
import { type At, type Ceremony, ceremonyOf, inputsOf, outputsOf, type StepRun, stateOf } from '../browser/model.ts'
import { clipped, clockOf, dayOf, instanceName } from '../browser/text.ts'
import { digestRows } from '../browser/words.ts'
import type { Input } from './inputs.ts'

export interface FilledRow {
  readonly state: ReturnType<typeof stateOf>
  readonly time: string
  readonly says: string | undefined
  readonly inputs: readonly Input[]
  readonly outputs: readonly { readonly name: string; readonly says: string }[]
  readonly before: readonly string[]
  readonly after: readonly string[]
  readonly failures: readonly { readonly time: string; readonly says: string }[]
}

export interface Filled {
  readonly verdict: string
  readonly facts: readonly (readonly [string, string])[]
  readonly officers: readonly { readonly name: string; readonly roles: string; readonly keyid: string; readonly signatures: number }[]
  readonly deviations: readonly { readonly time: string; readonly officer: string; readonly note: string }[]
  readonly head: readonly { readonly digits: string; readonly words: string }[]
  /** @returns the instances of a for-each step that were begun or skipped, in order */
  instances(step: string): readonly string[]
  /** @returns how the instance went; undefined if it was not begun */
  row(step: string, key: string | null): FilledRow | undefined
}

/** A value longer than this stands in the transcript, not on paper. */
const LONG = 140

/**
 * @param lines of a transcript that was verified
 * @param verdict what `verify` says of it
 */
export function filledFrom(lines: readonly Line[], plan: About['plan'], verdict: string): Filled {
  const ceremony = ceremonyOf(lines, plan)
  const { opened, closed, entries, steps, officers } = ceremony
  const runs = new Map(steps.map((run) => [instanceName(run.id, run.key), run]))
  const last = closed ?? entries.at(-1)
  const keyids = lines.flatMap(({ envelope }) => envelope?.signatures.map(({ keyid }) => keyid) ?? [])
  return {
    verdict,
    facts: [
      ['Ceremony', `${opened?.entry.ceremony ?? ''}, ${opened?.entry.mode ?? ''}`],
      ['From', opened ? moment(opened) : ''],
      ['To', last ? moment(last) : ''],
    ],
    officers: officers.map(({ name, roles, keyid }) => ({
      name,
      roles: roles.join(', '),
      keyid,
      signatures: keyids.filter((other) => other === keyid).length,
    })),
    deviations: entries.flatMap(({ entry }) =>
      entry.kind === 'deviation' ? [{ time: clockOf(entry.time), officer: entry.officer, note: entry.note }] : [],
    ),
    head: digestRows(lines.at(-1)?.digest ?? ''),
    instances: (step) => steps.flatMap(({ id, key }) => (id === step && key !== null ? [key] : [])),
    row: (step, key) => {
      const run = runs.get(instanceName(step, key))
      return run && rowFrom(run, ceremony)
    },
  }
}

function rowFrom(run: StepRun, ceremony: Ceremony): FilledRow {
  const last = run.tries.at(-1)
  const end = last?.outcome ?? last?.intent ?? run.skipped
  return {
    state: stateOf(run),
    time: end ? clockOf(end.entry.time) : '',
    says: last?.intent.entry.says,
    inputs: run.planned?.action.includes('/')
      ? Object.entries(inputsOf(run)).map(([name, value]) => ({ name, says: short(value), known: true }))
      : [],
    outputs: Object.entries(outputsOf(run)).map(([name, value]) => outputsIn(name, value)),
    before: last ? officersWho(last.intent, ceremony) : [],
    after: last?.outcome ? officersWho(last.outcome, ceremony) : [],
    failures: run.tries.flatMap(({ outcome }) => {
      const error = outcome?.entry.error
      return outcome && error ? [{ time: clockOf(outcome.entry.time), says: `${error.message} (${error.code})` }] : []
    }),
  }
}

function officersWho({ line }: At, { signer }: Ceremony): string[] {
  const names = (line.envelope?.signatures ?? []).map(({ keyid }) => signer(keyid))
  return names.filter(({ isStation }) => !isStation).map(({ name }) => name)
}

function outputsIn(name: string, value: unknown): { name: string; says: string } {
  return { name, says: name === 'checks' ? 'all hold' : short(value) }
}

function short(value: unknown): string {
  return clipped(inWords(value), LONG)
}

function inWords(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value ?? 'nothing')
  const items = Object.entries(value)
  if (items.length === 0) return 'none'
  return items.map(([name, item]) => (Array.isArray(value) ? inWords(item) : `${name.replaceAll('_', ' ')} ${inWords(item)}`)).join(', ')
}

function moment({ entry }: At): string {
  return `${dayOf(entry.time)}, ${clockOf(entry.time)} UTC`
}
