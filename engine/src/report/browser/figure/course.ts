/** The ceremony over time: one row for each phase, a bar for each step, coloured by station. */
import { type Child, h, s, table, time } from '../dom.ts'
import { type At, type Ceremony, type EntryOf, entriesOf, isRun, type StepRun, spanOf, stateOf } from '../model.ts'
import { clockOf, durationOf, instanceName } from '../text.ts'
import { entryLink } from '../view/page.ts'
import { figure } from './figure.ts'
import { fitted } from './fit.ts'
import { extent, minuteTicks, type Scale, scaleOf } from './scale.ts'

const ROW = 34
const AXIS = 40
/** Stations beyond these share the last look. */
const LOOKS = 4

/** @returns the figure; undefined where no step was begun */
export function courseFigure(ceremony: Ceremony): HTMLElement | undefined {
  const rows = ceremony.phases
    .map(({ title, items }) => ({ title, runs: items.filter(isRun), deviations: items.filter(isDeviation) }))
    .filter(({ runs }) => runs.length > 0)
  if (rows.length === 0) return undefined
  const spans = ceremony.steps.map(spanOf)
  const { from, to } = extent(spans.flatMap(({ begin, end }) => [begin, end]))
  const stations = [...new Set(ceremony.steps.map(({ station }) => station))]
  const look = (station: string): number => Math.min(stations.indexOf(station), LOOKS - 1)
  return figure({
    title: 'The ceremony over time',
    caption: [
      'A bar for each step, from its intent to its outcome, at the station ',
      stations.map((station, index) => [
        h('span', { class: `swatch station-${look(station)}`, 'aria-hidden': true }),
        ` ${station}${index < stations.length - 1 ? ', ' : ''}`,
      ]),
      '. ✕ a try that failed, ◆ a deviation.',
    ],
    draw: (width) => draw(rows, look, from, to, width),
    data: () =>
      table(
        'Steps in order',
        ['Step', 'Station', 'Began', 'Took', 'State', 'Entry'],
        ceremony.steps.slice(0, 2000).map((run) => {
          const { begin, end } = spanOf(run)
          const moment = new Date(begin).toISOString()
          return [
            instanceName(run.id, run.key),
            run.station,
            time(moment, clockOf(moment)),
            durationOf(end - begin),
            stateOf(run),
            entryLink(entriesOf(run)[0]!.line.number),
          ]
        }),
      ),
    dataLabel: 'The same as a table',
    minimum: 280,
  })
}

interface Row {
  readonly title: string
  readonly runs: readonly StepRun[]
  readonly deviations: readonly At[]
}

function draw(rows: readonly Row[], look: (station: string) => number, from: number, to: number, width: number): SVGElement {
  const wide = width >= 620
  const left = wide ? 190 : 12
  const row = wide ? ROW : ROW + 16
  const bottom = 8 + rows.length * row
  const scale = scaleOf(from, to, left, width - 12)
  const ticks = minuteTicks(0, (to - from) / 60_000, (width - left) / 70)
  return s(
    'svg',
    {
      viewBox: `0 0 ${width} ${bottom + AXIS}`,
      width,
      height: bottom + AXIS,
      role: 'img',
      'aria-labelledby': 'course-drawn course-desc',
      class: 'chart',
    },
    s('title', { id: 'course-drawn' }, 'The ceremony over time'),
    s('desc', { id: 'course-desc' }, rows.map(({ title, runs }) => `${title}: ${runs.length} steps, ${spanInWords(runs)}.`).join(' ')),
    s(
      'g',
      { class: 'axis' },
      ticks.map((minute) => {
        const x = scale.at(from + minute * 60_000)
        return [
          s('line', { class: 'grid', x1: x, x2: x, y1: 8, y2: bottom }),
          s('text', { x, y: bottom + 16, 'text-anchor': 'middle' }, String(minute)),
        ]
      }),
      s('line', { x1: left, x2: width - 12, y1: bottom, y2: bottom }),
      s('text', { x: width - 12, y: bottom + 34, 'text-anchor': 'end', class: 'unit' }, 'minutes after the first step began'),
    ),
    rows.map(({ title, runs, deviations }, index): Child => {
      const top = 8 + index * row
      const y = top + (wide ? 7 : 23)
      return s(
        'g',
        {},
        s('text', { class: 'name', x: 12, y: wide ? top + 21 : top + 15 }, fitted(title, (wide ? left : width) - 24, '600 13px')),
        barsOf(runs, scale).map(({ x, right, runs: merged }) =>
          s(
            'rect',
            { class: `run station-${look(merged[0]!.station)}`, x, y, width: Math.max(2, right - x), height: 18, rx: 1.5 },
            s('title', {}, titleOf(merged)),
          ),
        ),
        runs
          .flatMap(({ tries }) => tries.filter(({ outcome }) => outcome?.entry.result === 'failed'))
          .slice(0, 500)
          .map(({ outcome }) =>
            s('text', { class: 'failure', x: scale.at(Date.parse(outcome!.entry.time)), y: y + 14, 'text-anchor': 'middle' }, '✕'),
          ),
        deviations.map(({ entry }) =>
          s('text', { class: 'deviation', x: scale.at(Date.parse(entry.time)), y: y + 14, 'text-anchor': 'middle' }, '◆'),
        ),
      )
    }),
  )
}

/** Steps too short to be told apart share a bar: beyond some thousands of them nothing else could be seen or drawn. */
function barsOf(runs: readonly StepRun[], scale: Scale): { x: number; right: number; runs: StepRun[] }[] {
  const bars: { x: number; right: number; runs: StepRun[] }[] = []
  for (const run of runs) {
    const { begin, end } = spanOf(run)
    const [x, right] = [scale.at(begin), scale.at(end)]
    const last = bars.at(-1)
    if (last && last.runs[0]!.station === run.station && right - last.x < 1.5) {
      last.right = right
      last.runs.push(run)
    } else bars.push({ x, right, runs: [run] })
  }
  return bars
}

function titleOf(runs: readonly StepRun[]): string {
  const [first] = runs as readonly [StepRun]
  const name = runs.length === 1 ? instanceName(first.id, first.key) : `${runs.length} steps from ${instanceName(first.id, first.key)}`
  return `${name}, ${first.station}, ${spanInWords(runs)}`
}

function isDeviation(item: StepRun | At): item is At<EntryOf<'deviation'>> {
  return !isRun(item) && item.entry.kind === 'deviation'
}

function spanInWords(runs: readonly StepRun[]): string {
  const { from, to } = extent(runs.map(spanOf).flatMap(({ begin, end }) => [begin, end]))
  return durationOf(to - from)
}
