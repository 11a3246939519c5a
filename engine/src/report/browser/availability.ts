/** When services could be used while their keys were deleted and recovered: each probe, and between which two things changed. */
import { type Ceremony, doneOf, inputsOf, type StepRun, serviceKind } from './model.ts'

export interface Probe {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly available: boolean
  readonly line: number
}
interface Mark {
  readonly what: 'deleted' | 'recovered'
  readonly key: string
  readonly time: number
  readonly line: number
}
/** Something that changed between two probes: no earlier than the first, no later than the second. */
interface Change {
  readonly what: 'faded' | 'returned'
  readonly after: number
  readonly by: number
}
export interface Service {
  readonly name: string
  readonly kind: string
  readonly probes: readonly Probe[]
  readonly marks: readonly Mark[]
  readonly changes: readonly Change[]
}

/** @returns each service that was probed, in the order in which their keys were deleted */
export function servicesOf({ steps }: Ceremony): Service[] {
  const marks = steps.flatMap(markOf)
  const probes = new Map<string, { name: string; kind: string; probes: Probe[] }>()
  for (const run of steps) {
    for (const { intent, outcome } of run.tries) {
      if (!outcome) continue
      const { entry, line } = outcome
      const attempts = entry.attempts ?? (entry.result === 'done' ? [{ time: entry.time, outputs: entry.outputs }] : [])
      for (const { time, outputs } of attempts) {
        const available = availability(outputs)
        if (available === undefined) continue
        const kind = serviceKind(intent.entry.action)
        const name = targetOf(run)
        const key = `${kind} ${name}`
        const series = probes.get(key) ?? { name, kind, probes: [] }
        series.probes.push({ time: Date.parse(time), available, line: line.number })
        probes.set(key, series)
      }
    }
  }
  const keys = keysInUse(steps)
  const services = [...probes.values()].map((series) => {
    const used = keys.get(series.name)
    // Where it is known which key a service is under, only what happened to that key matters to it.
    const own = used ? marks.filter(({ key }) => used.has(key)) : marks
    return { ...series, marks: own.length > 0 ? own : marks, changes: changesIn(series.probes) }
  })
  return services.sort((a, b) => (a.marks[0]?.time ?? 0) - (b.marks[0]?.time ?? 0))
}

/** A probe says `readable` (storage) or `all_online` (databases); other outputs are no probes. */
function availability(outputs: unknown): boolean | undefined {
  const { readable, all_online } = (outputs ?? {}) as { readable?: unknown; all_online?: unknown }
  if (typeof readable === 'boolean') return readable
  return typeof all_online === 'boolean' ? all_online : undefined
}

function targetOf(run: StepRun): string {
  const { account, server } = inputsOf(run)
  return String(account ?? server ?? '')
}

function markOf(run: StepRun): Mark[] {
  const done = doneOf(run)
  const action = run.tries.at(-1)?.intent.entry.action ?? ''
  const what = action.endsWith('/delete-key') ? 'deleted' : action.endsWith('/recover-key') ? 'recovered' : undefined
  if (!done || !what) return []
  const { vault, name } = inputsOf(run)
  return [{ what, key: `${String(vault)}/keys/${String(name)}`, time: Date.parse(done.entry.time), line: done.line.number }]
}

/** Service -> the keys that it was put under, without their versions. */
function keysInUse(steps: readonly StepRun[]): Map<string, Set<string>> {
  const keys = new Map<string, Set<string>>()
  for (const run of steps) {
    const { kid } = inputsOf(run)
    if (!doneOf(run) || typeof kid !== 'string') continue
    const service = targetOf(run)
    keys.set(service, (keys.get(service) ?? new Set()).add(kid.replace(/\/[0-9a-f]{32}$/, '')))
  }
  return keys
}

function changesIn(probes: readonly Probe[]): Change[] {
  return probes.flatMap((probe, index): Change[] => {
    const before = probes[index - 1]
    if (!before || before.available === probe.available) return []
    return [{ what: probe.available ? 'returned' : 'faded', after: before.time, by: probe.time }]
  })
}
