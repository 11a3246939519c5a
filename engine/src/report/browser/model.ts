/** The ceremony as a reader thinks of it: phases, steps, tries; made of the checked lines and the plan. */
import type { Entry, OfficerIdentity } from '../../transcript/entry.ts'
import type { Plan, PlannedStep } from './about.ts'
import type { Line } from './lines.ts'

export type EntryOf<K extends Entry['kind']> = Extract<Entry, { kind: K }>

/** An entry with the line that it stands in. */
export interface At<E extends Entry = Entry> {
  readonly line: Line
  readonly entry: E
}

/** One intent and what came of it. */
export interface Try {
  readonly intent: At<EntryOf<'intent'>>
  outcome: At<EntryOf<'outcome'>> | undefined
  readonly resolutions: At<EntryOf<'resolution'>>[]
}

/** One instance of a step. */
export interface StepRun {
  readonly id: string
  readonly key: string | null
  readonly title: string
  readonly phase: string
  readonly station: string
  /** Its number in the runbook; undefined for a step that the plan does not know. */
  readonly number: number | undefined
  readonly planned: PlannedStep | undefined
  readonly tries: Try[]
  skipped: At<EntryOf<'skipped'>> | undefined
}

export interface Ceremony {
  readonly opened: At<EntryOf<'opened'>> | undefined
  readonly closed: At<EntryOf<'closed'>> | undefined
  readonly entries: readonly At[]
  readonly steps: readonly StepRun[]
  /** Steps, and the entries that belong to none, in order, by phase. */
  readonly phases: readonly { readonly title: string; readonly items: (StepRun | At)[] }[]
  readonly officers: readonly OfficerIdentity[]
  /** Who a keyid stands for. */
  signer(keyid: string): { readonly name: string; readonly roles: readonly string[]; readonly isStation: boolean }
}

/** @returns the ceremony, as far as its lines could be read */
export function ceremonyOf(lines: readonly Line[], plan: Plan | null): Ceremony {
  const entries: At[] = lines.flatMap((line) => (line.statement ? [{ line, entry: line.statement.predicate }] : []))
  const opened = first(entries, 'opened')
  const runs = new Map<string, StepRun>()
  const byIntent = new Map<number, Try>()
  const phases: { title: string; items: (StepRun | At)[] }[] = [{ title: 'Opening', items: [] }]
  const place = (item: StepRun | At, phase?: string): void => {
    if (phase !== undefined && phases.at(-1)!.title !== phase) phases.push({ title: phase, items: [] })
    phases.at(-1)!.items.push(item)
  }
  const runOf = ({ step, instance, station }: { step: string; instance: string | null; station: string }): StepRun => {
    const key = JSON.stringify([step, instance])
    const known = runs.get(key)
    if (known) return known
    const index = plan?.steps.findIndex(({ id }) => id === step) ?? -1
    const planned = plan?.steps[index]
    const run: StepRun = {
      id: step,
      key: instance,
      title: planned?.title ?? step,
      phase: planned?.phase ?? 'Steps',
      station,
      number: planned ? index + 1 : undefined,
      planned,
      tries: [],
      skipped: undefined,
    }
    runs.set(key, run)
    place(run, run.phase)
    return run
  }
  for (const at of entries) {
    const { entry } = at
    if (entry.kind === 'intent') {
      const attempt: Try = { intent: at as At<EntryOf<'intent'>>, outcome: undefined, resolutions: [] }
      byIntent.set(entry.sequence, attempt)
      runOf(entry).tries.push(attempt)
    } else if (entry.kind === 'outcome') {
      const attempt = byIntent.get(entry.intent)
      if (attempt) attempt.outcome = at as At<EntryOf<'outcome'>>
      else place(at)
    } else if (entry.kind === 'resolution') {
      const attempt = byIntent.get(entry.intent)
      if (attempt) attempt.resolutions.push(at as At<EntryOf<'resolution'>>)
      else place(at)
    } else if (entry.kind === 'skipped') runOf(entry).skipped = at as At<EntryOf<'skipped'>>
    else if (entry.kind === 'closed') place(at, 'Closing')
    else place(at)
  }
  return {
    opened,
    closed: first(entries, 'closed'),
    entries,
    steps: [...runs.values()],
    phases,
    officers: opened?.entry.officers ?? [],
    signer: signersOf(opened),
  }
}

/** @returns the outcome that counts: the good one */
export function doneOf(run: StepRun): At<EntryOf<'outcome'>> | undefined {
  return run.tries.findLast(({ outcome }) => outcome?.entry.result === 'done')?.outcome
}

/** @returns the outputs of the good outcome of a run, as a map */
export function outputsOf(run: StepRun): Readonly<Record<string, unknown>> {
  return mapOf(doneOf(run)?.entry.outputs)
}

/** @returns the inputs of the last try of a run, as a map */
export function inputsOf(run: StepRun): Readonly<Record<string, unknown>> {
  return mapOf(run.tries.at(-1)?.intent.entry.inputs)
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

/** @returns what kind of service a plugin's action is about: `azure-sql/state` -> `Azure SQL` */
export function serviceKind(action: string): string {
  const plugin = action.split('/')[0]!
  const words = plugin.split('-').map((word) => (word === 'sql' ? 'SQL' : word.charAt(0).toUpperCase() + word.slice(1)))
  return words.join(' ')
}

type State = 'done' | 'failed' | 'open' | 'skipped'

export function stateOf(run: StepRun): State {
  if (run.skipped) return 'skipped'
  const last = run.tries.at(-1)?.outcome?.entry.result
  return last ?? 'open'
}

/** @returns when it began and ended, in milliseconds; the end of an open step is its beginning */
export function spanOf(run: StepRun): { begin: number; end: number } {
  const begin = Date.parse(run.tries[0]?.intent.entry.time ?? run.skipped?.entry.time ?? '')
  const last = run.tries.at(-1)
  return { begin, end: last?.outcome ? Date.parse(last.outcome.entry.time) : begin }
}

/** @returns the entries that a run is made of, in order */
export function entriesOf(run: StepRun): At[] {
  const tries = run.tries.flatMap(({ intent, resolutions, outcome }): At[] => [intent, ...resolutions, ...(outcome ? [outcome] : [])])
  return run.skipped ? [...tries, run.skipped] : tries
}

export function isRun(item: StepRun | At): item is StepRun {
  return 'tries' in item
}

function first<K extends Entry['kind']>(entries: readonly At[], kind: K): At<EntryOf<K>> | undefined {
  return entries.find(({ entry }) => entry.kind === kind) as At<EntryOf<K>> | undefined
}

function signersOf(opened: At<EntryOf<'opened'>> | undefined): Ceremony['signer'] {
  const known = new Map<string, ReturnType<Ceremony['signer']>>()
  for (const [name, { keyid }] of Object.entries(opened?.entry.stations ?? {}))
    known.set(keyid, { name, roles: ['station'], isStation: true })
  for (const { keyid, name, roles } of opened?.entry.officers ?? []) known.set(keyid, { name, roles, isStation: false })
  return (keyid) => known.get(keyid) ?? { name: `unknown key ${keyid.slice(0, 16)}…`, roles: [], isStation: false }
}
