/// <reference lib="dom" />
/** The report: checks the transcript that the page holds, then shows it. */
import { servicesOf } from './availability.ts'
import { type Checked, checkTranscript } from './check.ts'
import { append, type Child, h, openDetails, time } from './dom.ts'
import { readEmbedded } from './embedded.ts'
import { availabilityFigure } from './figure/availability.ts'
import { courseFigure } from './figure/course.ts'
import { keyPathFigure } from './figure/keypath.ts'
import { keyPathOf } from './keypath.ts'
import { type Ceremony, ceremonyOf } from './model.ts'
import { clipped, clockOf, counted, dayOf, durationOf, listed, visible } from './text.ts'
import { entryLink, type Page, reveal, section } from './view/page.ts'
import { offScript } from './view/remarks.ts'
import { artifacts, custody, people, runbook } from './view/sections.ts'
import { stepsSection } from './view/steps.ts'
import { Compared, findingsList, headSection, scope, verdict } from './view/verdict.ts'

/** A report on paper shows every step of a ceremony of so many entries; of a larger one the overview. */
const PRINTED = 1500

async function main(): Promise<void> {
  const root = document.getElementById('report')!
  const waiting = root.querySelector('.verdict')!
  try {
    const embedded = readEmbedded(document)
    const checked = await checkTranscript(embedded, (done, of) => {
      waiting.textContent = `Checking the transcript in your browser: ${done} of ${counted(of, 'entry', 'entries')}…`
    })
    const ceremony = ceremonyOf(checked.lines, embedded.about.plan)
    const named = new Map(checked.artifacts.map((item) => [item.sha256, item]))
    show(root, { embedded, checked, ceremony, named, findings: Map.groupBy(checked.findings, ({ line }) => line) })
  } catch (error) {
    waiting.className = 'verdict bad'
    waiting.textContent = visible(
      `Nothing was checked: this browser could not do it (${(error as Error).message}). Open the page in another one, or run \`ceremony verify\`.`,
    )
  }
}

function show(root: HTMLElement, page: Page): void {
  const { checked, ceremony, embedded } = page
  const compared = new Compared()
  const title = ceremony.opened ? clipped(ceremony.opened.entry.runbook.title, 300) : 'A transcript without its opening'
  document.title = visible(`${title} · ceremony report`)
  const sections = sectionsOf(page, compared)
  const header = h(
    'header',
    { class: 'masthead' },
    h('p', { class: 'overline' }, `Ceremony report${ceremony.opened?.entry.mode === 'rehearsal' ? ' · rehearsal' : ''}`),
    h('h1', {}, h('bdi', {}, title)),
  )
  const content = [
    h('a', { class: 'skip', href: '#main' }, 'Skip to the report'),
    header,
    verdict(checked, ceremony, compared),
    factsOf(ceremony),
    h(
      'nav',
      { 'aria-label': 'Contents', class: 'contents no-print' },
      h(
        'ol',
        {},
        sections.map((item) => h('li', {}, h('a', { href: `#${item.id}` }, item.querySelector('h2')?.textContent ?? ''))),
      ),
    ),
    h(
      'main',
      { id: 'main', tabindex: -1 },
      checked.findings.length > 0 &&
        findingsList(checked.findings, (line) => (checked.lines[line - 1]?.statement ? entryLink(line) : h('span', {}, `line ${line}`))),
      headSection(checked, compared),
      scope(checked, ceremony),
      sections,
    ),
    h(
      'footer',
      {},
      h('p', {}, `Made by ceremony ${embedded.about.version} from the transcript alone. The page holds all it shows and loads nothing.`),
    ),
  ]
  root.replaceChildren()
  append(root, content)
  document.documentElement.dataset.checked = checked.findings.length === 0 ? 'holds' : 'does-not-hold'
  preparePrinting(root, checked)
  const line = /^#line-(\d+)$/.exec(location.hash)?.[1]
  if (line !== undefined) reveal(Number(line))
}

function factsOf({ opened, closed, entries, officers }: Ceremony): Child {
  if (!opened) return undefined
  const { entry } = opened
  const end = (closed ?? entries.at(-1)!).entry.time
  const took = durationOf(Date.parse(end) - Date.parse(entry.time))
  const facts: [string, Child][] = [
    [
      'When',
      [
        time(entry.time, `${dayOf(entry.time)}, ${clockOf(entry.time).slice(0, 5)}`),
        '–',
        time(end, `${end.slice(0, 10) === entry.time.slice(0, 10) ? '' : `${dayOf(end)}, `}${clockOf(end).slice(0, 5)}`),
        ` UTC (${took})`,
      ],
    ],
    ['Where', listed(Object.keys(entry.stations).map((name) => clipped(name, 80)))],
    ['Who', listed(officers.map(({ name }) => clipped(name, 80)))],
    ['Ceremony', h('code', {}, entry.ceremony)],
  ]
  return h(
    'dl',
    { class: 'facts' },
    facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  )
}

/** What a stranger's transcript breaks must not take the rest of the page with it. */
function attempt<T>(what: string, make: () => T): T | HTMLElement {
  try {
    return make()
  } catch (error) {
    return h('p', { class: 'finding' }, `${what} could not be drawn from what the transcript says: ${(error as Error).message}`)
  }
}

function sectionsOf(page: Page, compared: Compared): HTMLElement[] {
  const path = attempt('The path of the keys', () => keyPathFigure(keyPathOf(page.ceremony)))
  const availability = attempt('The availability', () => availabilityFigure(servicesOf(page.ceremony)))
  const course = attempt('The ceremony over time', () => courseFigure(page.ceremony))
  return [
    offScript(page),
    path && section('path', 'The path of the keys', [path]),
    availability && section('availability', 'Delete and recover', [availability]),
    course && section('course', 'Over time', [course]),
    custody(page),
    people(page, compared),
    stepsSection(page),
    artifacts(page),
    runbook(page),
  ].filter((item) => item !== undefined)
}

/** On paper nothing can be opened: what is not too long is, and afterwards closed again. */
function preparePrinting(root: HTMLElement, { lines }: Checked): void {
  let opened: HTMLDetailsElement[] = []
  addEventListener('beforeprint', () => {
    if (lines.length > PRINTED) return
    opened = [...root.querySelectorAll<HTMLDetailsElement>('details.scope, details.step, details.phase')].filter((element) => !element.open)
    for (const element of opened) openDetails(element)
  })
  addEventListener('afterprint', () => {
    for (const element of opened) element.open = false
  })
}

void main()
