/** The availability of each service over minutes, from shortly before its key was deleted. */
import type { Service } from '../availability.ts'
import { type Child, h, s, table, time } from '../dom.ts'
import { clockOf } from '../text.ts'
import { entryLink } from '../view/page.ts'
import { figure } from './figure.ts'
import { fitted, widthOf } from './fit.ts'
import { extent, minuteTicks, type Scale, scaleOf } from './scale.ts'

const LANE = 96
const TOP = 8
const AXIS = 40
/** More services than these, and more probes of one, are in the table alone. */
const MAX_LANES = 40
const MAX_PROBES = 2000

/** @returns the figure; undefined where no key was deleted or nothing was probed */
export function availabilityFigure(services: readonly Service[]): HTMLElement | undefined {
  const deletions = services.flatMap(({ marks }) => marks.filter(({ what }) => what === 'deleted').map((mark) => mark.time))
  if (deletions.length === 0) return undefined
  const zero = Math.min(...deletions)
  const shown = services
    .slice(0, MAX_LANES)
    .map((service) => ({ ...service, probes: service.probes.filter((probe) => probe.time >= zero - 10 * 60_000).slice(0, MAX_PROBES) }))
  const { to: last } = extent(shown.flatMap(({ probes, marks }) => [...probes, ...marks].map((item) => item.time)))
  return figure({
    title: 'Availability while the keys were deleted and recovered',
    caption: [
      'Each mark is a probe: ',
      h('b', {}, '●'),
      ' the data could be used, ',
      h('b', {}, '○'),
      ' it could not. Bars join probes that agree; where two disagree, the change took place somewhere in the gap. Minutes count from the first deletion, ',
      time(new Date(zero).toISOString(), `${clockOf(new Date(zero).toISOString())} UTC`),
      '.',
    ],
    draw: (width) => draw(shown, zero, last, width),
    data: () => dataOf(services, zero),
    dataLabel: 'The same as tables',
    minimum: 280,
  })
}

function draw(services: readonly Service[], zero: number, last: number, width: number): SVGElement {
  const height = TOP + services.length * LANE + AXIS
  const margin = Math.max(60_000, (last - zero) * 0.04)
  const scale = scaleOf(zero - margin, last + margin, 12, width - 12)
  const bottom = TOP + services.length * LANE
  return s(
    'svg',
    {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-labelledby': 'availability-drawn availability-desc',
      class: 'chart',
    },
    s('title', { id: 'availability-drawn' }, 'Availability while the keys were deleted and recovered'),
    s('desc', { id: 'availability-desc' }, services.map((service) => describe(service, zero)).join(' ')),
    ticks(scale, zero, bottom, width),
    services.map((service, index) => lane(service, scale, zero, TOP + index * LANE, width)),
  )
}

function ticks(scale: Scale, zero: number, bottom: number, width: number): Child {
  const minutes = (time: number): number => (time - zero) / 60_000
  const places = minuteTicks(minutes(scale.from), minutes(scale.to), width / 70)
  return s(
    'g',
    { class: 'axis' },
    s('line', { x1: 12, x2: width - 12, y1: bottom, y2: bottom }),
    places.map((minute) => {
      const x = scale.at(zero + minute * 60_000)
      return [
        s('line', { class: 'grid', x1: x, x2: x, y1: TOP, y2: bottom }),
        s('text', { x, y: bottom + 16, 'text-anchor': 'middle' }, String(minute)),
      ]
    }),
    s('text', { x: width - 12, y: bottom + 34, 'text-anchor': 'end', class: 'unit' }, 'minutes after the first deletion'),
  )
}

function lane({ name, kind, probes, marks, changes }: Service, scale: Scale, zero: number, top: number, width: number): SVGElement {
  const y = top + 58
  const segments = probes.slice(1).map((probe, index) => {
    const before = probes[index]!
    const kindOf = before.available !== probe.available ? 'gap' : probe.available ? 'up' : 'down'
    return s('line', {
      class: `bar ${kindOf}`,
      x1: Math.max(12, scale.at(before.time)),
      x2: Math.max(12, scale.at(probe.time)),
      y1: y,
      y2: y,
    })
  })
  const dots = probes
    .filter(({ time }) => scale.at(time) >= 12)
    .map((probe) =>
      s('circle', { class: probe.available ? 'probe up' : 'probe down', cx: scale.at(probe.time), cy: y, r: probe.available ? 4.5 : 3.75 }),
    )
  const minutes = (time: number): string => `${((time - zero) / 60_000).toFixed(1)}`
  const labels = [
    ...marks.map((mark) => ({ x: scale.at(mark.time), y: top + 36, text: `key ${mark.what} ${minutes(mark.time)}`, mark: true })),
    ...changes.map((change) => ({ x: scale.at(change.by), y: top + 84, text: `${change.what} by ${minutes(change.by)}`, mark: false })),
  ]
  return s(
    'g',
    { class: 'lane' },
    s(
      'text',
      { class: 'name', x: 12, y: top + 16 },
      fitted(name, width - 150, '600 13px'),
      s('tspan', { class: 'kind', dx: 8 }, fitted(kind, 120)),
    ),
    marks.map((mark) =>
      s('line', { class: `mark ${mark.what}`, x1: scale.at(mark.time), x2: scale.at(mark.time), y1: top + 40, y2: y + 12 }),
    ),
    segments,
    dots,
    placed(labels, width),
  )
}

/** Labels of one line keep out of each other's way: those too close to the one before move to the right. */
function placed(labels: readonly { x: number; y: number; text: string; mark: boolean }[], width: number): Child {
  const taken = new Map<number, number>()
  return [...labels]
    .sort((a, b) => a.x - b.x)
    .map(({ x, y, text, mark }) => {
      const length = widthOf(text)
      const start = Math.min(Math.max(x - length / 2, taken.get(y) ?? 4, 4), Math.max(4, width - length - 4))
      taken.set(y, start + length + 10)
      return s('text', { class: mark ? 'label what' : 'label', x: start, y }, text)
    })
}

function describe({ name, kind, marks, changes }: Service, zero: number): string {
  const minutes = (time: number): string => `${((time - zero) / 60_000).toFixed(1)} minutes`
  const events = [
    ...marks.map((mark) => ({ time: mark.time, text: `its key was ${mark.what} at ${minutes(mark.time)}` })),
    ...changes.map((change) => ({
      time: change.by,
      text: `access ${change.what} between ${minutes(change.after)} and ${minutes(change.by)}`,
    })),
  ]
  return `${name} (${kind}): ${events
    .sort((a, b) => a.time - b.time)
    .map(({ text }) => text)
    .join('; ')}.`
}

function dataOf(services: readonly Service[], zero: number): HTMLElement {
  const minutes = (time: number): string => ((time - zero) / 60_000).toFixed(2)
  return h(
    'div',
    {},
    services.map((service) =>
      table(
        `${service.name} (${service.kind})`,
        ['Minute', 'UTC', 'What', 'Entry'],
        [
          ...service.marks.map((mark) => ({ ...mark, says: `key ${mark.what}` })),
          ...service.probes.map((probe) => ({ ...probe, says: probe.available ? '● available' : '○ not available' })),
        ]
          .sort((a, b) => a.time - b.time)
          .slice(0, 1000)
          .map(({ time: moment, says, line }) => [minutes(moment), clockOf(new Date(moment).toISOString()), says, entryLink(line)]),
      ),
    ),
  )
}
