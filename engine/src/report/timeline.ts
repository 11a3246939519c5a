/** The availability timeline of a delete-and-recover test, taken from a transcript's entries. */
import type { Entry } from '../transcript/entry.ts'

export interface Probe {
  readonly time: number
  readonly available: boolean
}
export interface Timeline {
  /** What was probed (`azure-storage`, `azure-sql`) -> the probes in order. */
  readonly probes: ReadonlyMap<string, readonly Probe[]>
  /** When keys were deleted and recovered: action and time of the outcome. */
  readonly marks: readonly { readonly what: 'deleted' | 'recovered'; readonly time: number }[]
}

/** Gathers probes from entries as they go by. */
export class TimelineReader {
  readonly #probes = new Map<string, Probe[]>()
  readonly #marks: { what: 'deleted' | 'recovered'; time: number }[] = []
  readonly #actions = new Map<number, string>()

  read(entry: Entry): void {
    if (entry.kind === 'intent') this.#actions.set(entry.sequence, entry.action)
    if (entry.kind !== 'outcome' || entry.result !== 'done') return
    const action = this.#actions.get(entry.intent) ?? ''
    const time = Date.parse(entry.time)
    if (action.endsWith('/delete-key')) this.#marks.push({ what: 'deleted', time })
    if (action.endsWith('/recover-key')) this.#marks.push({ what: 'recovered', time })
    const plugin = action.split('/')[0] ?? ''
    for (const attempt of entry.attempts ?? [{ time: entry.time, outputs: entry.outputs }]) {
      const available = availability(attempt.outputs)
      if (available === undefined) continue
      const series = this.#probes.get(plugin) ?? []
      series.push({ time: Date.parse(attempt.time), available })
      this.#probes.set(plugin, series)
    }
  }

  timeline(): Timeline {
    return { probes: this.#probes, marks: this.#marks }
  }
}

/** A probe says `readable` (storage) or `all_online` (SQL); other outputs are no probes. */
function availability(outputs: unknown): boolean | undefined {
  const { readable, all_online } = (outputs ?? {}) as { readable?: unknown; all_online?: unknown }
  if (typeof readable === 'boolean') return readable
  return typeof all_online === 'boolean' ? all_online : undefined
}

/**
 * Draws the timeline with characters.
 * @param width columns for the bars
 * @returns lines: marks, a bar for each service (`█` available, `·` not), and the minutes below; empty without a deletion
 */
export function drawTimeline({ probes, marks }: Timeline, width: number): string[] {
  const deleted = marks.find((mark) => mark.what === 'deleted')
  if (!deleted || probes.size === 0) return []
  const last = Math.max(...[...probes.values()].flatMap((series) => series.map((probe) => probe.time)), ...marks.map((mark) => mark.time))
  const margin = (last - deleted.time) * 0.06
  const start = deleted.time - margin
  const column = (time: number): number => Math.round(((time - start) / (last - start)) * (width - 1))
  const label = Math.max(...[...probes.keys()].map((name) => name.length)) + 2

  const flags = Array.from({ length: width }, () => ' ')
  for (const mark of marks) flags[column(mark.time)] = mark.what === 'deleted' ? 'D' : 'R'
  const bars = [...probes].map(
    ([name, series]) => name.padEnd(label) + bar(series, width, (index) => start + (index / (width - 1)) * (last - start)),
  )
  const minutes = (time: number): string => `${Math.round((time - deleted.time) / 60_000)} min`
  const axis = `${' '.repeat(label + column(deleted.time))}0${minutes(last).padStart(width - column(deleted.time) - 1)}`
  return [
    ' '.repeat(label) + flags.join(''),
    ...bars,
    axis,
    `${' '.repeat(label)}█ available  · not available  D key deleted  R key recovered`,
  ]
}

/** One character for each moment: what the newest probe up to then had said (before the first, available). */
function bar(series: readonly Probe[], width: number, timeAt: (index: number) => number): string {
  return Array.from({ length: width }, (_, index) => {
    const newest = series.findLast((probe) => probe.time <= timeAt(index))
    return (newest?.available ?? true) ? '█' : '·'
  }).join('')
}
