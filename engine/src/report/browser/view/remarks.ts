/** What a reader should know first: all that was not as the runbook has it, or not as on the day. */
import { type Child, h } from '../dom.ts'
import { type At, type Ceremony, entriesOf, stateOf } from '../model.ts'
import { clipped, instanceName, listed } from '../text.ts'
import { entryLink, type Page, section } from './page.ts'

const MAX_REMARKS = 200

/** Rehearsals, waivers, deviations, failures, interruptions, what was skipped or left open. */
export function offScript(page: Page): HTMLElement {
  const { ceremony } = page
  const items = [
    ...settingsOf(ceremony),
    ...waiversOf(ceremony),
    ...ceremony.entries.flatMap((at) => remarkOf(page, at)),
    ...unfinished(ceremony),
  ]
  return section('off-script', 'Out of the ordinary', [
    items.length === 0
      ? h('p', {}, 'Nothing: every step was done at its first try, nothing was waived and nobody noted a deviation.')
      : h(
          'ul',
          { class: 'remarks' },
          items.slice(0, MAX_REMARKS).map((item) => h('li', {}, item)),
        ),
    items.length > MAX_REMARKS && h('p', {}, `And ${items.length - MAX_REMARKS} more, in the steps below.`),
  ])
}

function settingsOf({ opened }: Ceremony): Child[] {
  if (!opened) return []
  const { mode, clock_scale, unattended } = opened.entry
  const details = [
    clock_scale === 1 ? '' : `its clock ran ${clock_scale} times as fast as time does`,
    unattended ? 'its officers’ keys and answers came from a file' : '',
  ]
  const known = details.filter((text) => text !== '')
  if (mode === 'rehearsal') return [h('span', {}, h('b', {}, 'This was a rehearsal'), known.length > 0 ? `: ${listed(known)}.` : '.')]
  return known.length > 0 ? [`In this ceremony ${listed(known)}.`] : []
}

/** The same waiver at each arrival is said once. */
function waiversOf({ entries }: Ceremony): Child[] {
  const same = new Map<string, { station: string; reason: string; lines: number[] }>()
  for (const { entry, line } of entries) {
    if (entry.kind !== 'arrived' || !entry.waiver) continue
    const { reason } = entry.waiver
    const key = JSON.stringify([entry.station, reason])
    const known = same.get(key)
    if (known) known.lines.push(line.number)
    else same.set(key, { station: entry.station, reason, lines: [line.number] })
  }
  return [...same.values()].map(({ station, reason, lines }) => [
    h('b', {}, `${station} had a network`),
    `${lines.length > 1 ? ` at ${lines.length} arrivals` : ''}, which everyone present waived: `,
    h('bdi', {}, clipped(reason, 300)),
    ' (',
    lines.map((line, index) => [index > 0 && ', ', entryLink(line)]),
    ')',
  ])
}

function remarkOf(page: Page, { entry, line }: At): Child[] {
  const link = entryLink(line.number)
  switch (entry.kind) {
    case 'deviation':
      return [[h('b', {}, `Deviation, noted by ${entry.officer}: `), h('bdi', {}, clipped(entry.note, 600)), ' (', link, ')']]
    case 'outcome':
      if (entry.result === 'failed') {
        const after = page.ceremony.steps.find(({ id, key }) => id === entry.step && key === entry.instance)
        const end = after && stateOf(after) === 'done' ? ' It was repeated and then done.' : ''
        return [
          [
            h('b', {}, `${instanceName(entry.step, entry.instance)} failed: `),
            h('bdi', {}, clipped(entry.error?.message ?? '', 300)),
            `${end} (`,
            link,
            ')',
          ],
        ]
      }
      return []
    case 'resolution':
      return [
        [
          h('b', {}, `${instanceName(entry.step, entry.instance)} was interrupted. `),
          entry.how === 'officers' ? 'The officers decided: ' : 'The world was asked: ',
          h('bdi', {}, clipped(entry.facts, 300)),
          ' (',
          link,
          ')',
        ],
      ]
    case 'skipped':
      return [
        [
          h('b', {}, `${instanceName(entry.step, entry.instance)} was skipped`),
          ', because this did not hold: ',
          h('code', {}, clipped(entry.when, 200)),
          ' (',
          link,
          ')',
        ],
      ]
    case 'closed':
      return entry.result === 'aborted' ? [[h('b', {}, 'The ceremony was aborted.'), ' (', link, ')']] : []
    default:
      return []
  }
}

function unfinished({ steps, closed }: Ceremony): Child[] {
  const open = steps
    .filter((run) => stateOf(run) === 'open')
    .map((run) => [h('b', {}, `${instanceName(run.id, run.key)} has no outcome`), ' (', entryLink(entriesOf(run)[0]!.line.number), ')'])
  return closed ? open : [...open, h('b', {}, 'The ceremony was not closed.')]
}
