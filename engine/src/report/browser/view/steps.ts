/** The ceremony in full: phases, their steps, and of each step its entries. */
import { type Child, fillDetails, h, lazyDetails, time } from '../dom.ts'
import { type At, entriesOf, isRun, type StepRun, spanOf, stateOf } from '../model.ts'
import { clipped, clockOf, counted, durationOf, listed } from '../text.ts'
import { dataView } from './data.ts'
import { entryView } from './entry.ts'
import { holding, type Page } from './page.ts'

/**
 * A ceremony of so many steps is laid out whole, so that the browser's search finds everything. A larger one is made as it
 * is opened, in parts of so many.
 */
const AT_ONCE = 200

const STATES = { done: ['✓', 'done'], failed: ['✕', 'failed'], open: ['…', 'no outcome'], skipped: ['–', 'skipped'] } as const

export function stepsSection(page: Page): HTMLElement {
  const { phases, steps } = page.ceremony
  const lazy = steps.length > AT_ONCE
  const shown = phases.filter(({ items }) => items.length > 0)
  return h(
    'section',
    { id: 'steps', 'aria-labelledby': 'steps-title' },
    h('h2', { id: 'steps-title' }, 'The ceremony, step by step'),
    h(
      'p',
      { class: 'lead' },
      `${counted(steps.length, 'step')} in ${counted(shown.length, 'phase')}. Each opens to its entries, who signed them, and what passed between the engine and the world.`,
    ),
    shown.map(({ title, items }) => {
      const heading = h('h3', {}, clipped(title, 200))
      if (!lazy) return h('section', { class: 'phase' }, heading, listOf(page, items, lazy))
      const summary = [heading, ' ', h('span', { class: 'quiet' }, counted(items.length, 'item'))]
      return lazyDetails({ class: 'phase', ...holding(items.flatMap(linesOf)) }, summary, () => partsOf(page, items))
    }),
  )
}

function listOf(page: Page, items: readonly (StepRun | At)[], lazy: boolean): HTMLElement {
  return h(
    'ol',
    { class: 'steps' },
    items.map((item) => h('li', {}, isRun(item) ? runView(page, item, lazy) : asideView(page, item, lazy))),
  )
}

function partsOf(page: Page, items: readonly (StepRun | At)[]): Child {
  if (items.length <= AT_ONCE) return listOf(page, items, true)
  const parts = Array.from({ length: Math.ceil(items.length / AT_ONCE) }, (_, index) => items.slice(index * AT_ONCE, (index + 1) * AT_ONCE))
  return parts.map((part, index) => {
    const from = index * AT_ONCE + 1
    const bad = part.flatMap(linesOf).some((line) => page.findings.has(line))
    const summary = `Items ${from} to ${from + part.length - 1}${bad ? ' · ✕ not all of them hold' : ''}`
    return lazyDetails({ class: 'part', ...holding(part.flatMap(linesOf)) }, [summary], () => listOf(page, part, true))
  })
}

function linesOf(item: StepRun | At): number[] {
  return isRun(item) ? entriesOf(item).map(({ line }) => line.number) : [item.line.number]
}

/** Made at once, or when it is opened. */
function details(
  attributes: Readonly<Record<string, string | number>>,
  summary: readonly Child[],
  content: () => Child,
  lazy: boolean,
): HTMLDetailsElement {
  const element = lazyDetails(attributes, summary, content)
  if (!lazy) fillDetails(element)
  return element
}

function runView(page: Page, run: StepRun, lazy: boolean): HTMLElement {
  const { begin, end } = spanOf(run)
  const state = stateOf(run)
  const [sign, word] = STATES[state]
  const entries = entriesOf(run)
  const bad = entries.some(({ line }) => page.findings.has(line.number))
  const moment = entries[0]!.entry.time
  const summary: Child[] = [
    h('span', { class: 'number' }, run.number === undefined ? '·' : String(run.number)),
    h(
      'span',
      { class: 'title' },
      h('bdi', {}, clipped(run.title, 200)),
      run.key !== null && h('span', { class: 'key' }, h('bdi', {}, run.key)),
    ),
    h(
      'span',
      { class: `state ${bad ? 'bad' : state}` },
      run.tries.length > 1 && h('span', { class: 'tries' }, counted(run.tries.length, 'try', 'tries'), ' '),
      h('span', { 'aria-hidden': true }, bad ? '✕ ' : `${sign} `),
      h('span', { class: state === 'done' && !bad ? 'unseen' : '' }, bad ? 'does not hold' : word),
    ),
    metaOf(moment, run.station, state === 'skipped' ? '' : durationOf(end - begin)),
    h('span', { class: 'who quiet' }, whoSigned(page, run)),
  ]
  return details(
    { class: `step ${bad ? 'bad' : state}`, ...holding(entries.map(({ line }) => line.number)) },
    summary,
    () => [declared(run), entries.map((at) => entryView(page, at))],
    lazy,
  )
}

/** An entry that belongs to no step: arrivals, transfers, deviations. */
function asideView(page: Page, at: At, lazy: boolean): HTMLElement {
  const { entry, line } = at
  const bad = page.findings.has(line.number)
  const summary: Child[] = [
    h('span', { class: 'number' }, '·'),
    h('span', { class: 'title aside' }, asideTitle(entry)),
    h('span', { class: `state ${bad ? 'bad' : ''}` }, bad ? '✕ does not hold' : ''),
    metaOf(entry.time, entry.station, ''),
    h('span', { class: 'who quiet' }, listed(officersOf(page, [at]))),
  ]
  return details(
    { class: `step aside ${entry.kind} ${bad ? 'bad' : ''}`, ...holding([line.number]) },
    summary,
    () => entryView(page, at),
    lazy,
  )
}

function metaOf(moment: string, station: string, took: string): HTMLElement {
  return h(
    'span',
    { class: 'meta quiet' },
    time(moment, clockOf(moment)),
    ' ',
    h('span', { class: 'station' }, clipped(station, 40)),
    ' ',
    h('span', { class: 'took' }, took),
  )
}

function asideTitle(entry: At['entry']): Child {
  switch (entry.kind) {
    case 'opened':
      return 'Opened by everyone present'
    case 'closed':
      return `Closed: ${entry.result}`
    case 'arrived':
      return entry.waiver ? `${entry.station} shows its state; a network was waived by everyone` : `${entry.station} shows its state`
    case 'handed-over':
      return `Handed over to ${entry.to}`
    case 'received':
      return `Received from ${entry.from}`
    case 'deviation':
      return ['Deviation noted by ', entry.officer, ': ', h('bdi', {}, clipped(entry.note, 160))]
    default:
      return `An entry out of place: ${entry.kind}`
  }
}

/** What the runbook says of the step, beyond what its entries say. */
function declared({ planned }: StepRun): Child {
  if (!planned) return h('p', { class: 'quiet' }, 'The plan does not know this step.')
  const { action, actionTitle, signOff, until, when, checks, notSameAs, line } = planned
  const quorum = (needed: Readonly<Record<string, number>>): string =>
    listed(Object.entries(needed).map(([role, count]) => `${count} × ${role}`))
  const said: Record<string, unknown> = {
    action: actionTitle ? `${action}: ${actionTitle}` : action,
    ...(Object.keys(signOff.before).length > 0 ? { authorised_by: quorum(signOff.before) } : {}),
    ...(Object.keys(signOff.after).length > 0 ? { confirmed_by: quorum(signOff.after) } : {}),
    ...(notSameAs.length > 0 ? { by_others_than: notSameAs.join(', ') } : {}),
    ...(when ? { only_when: when } : {}),
    ...(until ? { until: `${until.that}, tried every ${durationOf(until.every)} for at most ${durationOf(until.within)}` } : {}),
    ...(checks.length > 0 ? { must_hold: checks.map(({ message, that }) => `${message}: ${that}`) } : {}),
    runbook_line: line,
  }
  return h('div', { class: 'named declared' }, h('h4', {}, 'The runbook says'), dataView(said))
}

function whoSigned(page: Page, run: StepRun): string {
  const last = run.tries.at(-1)
  if (!last) return ''
  const before = officersOf(page, [last.intent])
  const after = officersOf(page, last.outcome ? [last.outcome] : [])
  return [before.length > 0 ? `authorised by ${listed(before)}` : '', after.length > 0 ? `confirmed by ${listed(after)}` : '']
    .filter((text) => text !== '')
    .join('; ')
}

/** @returns names of the officers who signed these entries */
export function officersOf({ ceremony }: Page, entries: readonly At[]): string[] {
  const names = entries.flatMap(({ line }) => (line.envelope?.signatures ?? []).map(({ keyid }) => ceremony.signer(keyid)))
  return [...new Set(names.filter(({ isStation }) => !isStation).map(({ name }) => name))]
}
