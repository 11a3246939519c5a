/** The printable script of a ceremony: a cover, the participants, and every step with room for time, initials and records. */
import type { Runbook } from '../../runbook/model.ts'
import { canonicalize } from '../../transcript/canonical.ts'
import { readCanonical } from '../../transcript/canonical-read.ts'
import { durationOf } from '../browser/text.ts'
import { pageOf, styleOf } from '../page.ts'
import { cover } from './cover.ts'
import type { Filled } from './filled.ts'
import { el, htmlOf, type Part, table } from './markup.ts'
import { stepRow } from './row.ts'
import { type Act, actsOf, type Describing } from './steps.ts'

/**
 * @param about.parameters those that are known; the rest is left blank
 * @param about.filled what a transcript says of how it went; undefined for the script before the day
 * @returns a page of HTML that needs nothing else, to be printed
 * @throws ExpressionError if an expression over parameters cannot be evaluated
 */
export async function scriptOf(about: {
  runbook: Runbook
  parameters: Readonly<Record<string, unknown>>
  describing: Describing
  filled?: Filled
}): Promise<string> {
  const { runbook, describing, filled } = about
  // In the order in which the transcript holds them, for a for-each goes by it.
  const parameters = readCanonical(Buffer.from(canonicalize(about.parameters))) as typeof about.parameters
  const acts = await actsOf(runbook, parameters, describing)
  const body = [
    cover(runbook, parameters, filled),
    acts.map((act, index) => actTable(act, index, filled)),
    deviations(filled),
    closing(filled),
  ]
  // Hex alone comes into the style: nothing that somebody else wrote.
  const running = `@page { @bottom-left { content: "Runbook ${runbook.sha256.slice(0, 16)}${filled ? ', annotated' : ''}"; } }`
  return pageOf({
    title: `Script: ${runbook.title}`,
    style: `${styleOf('base', 'script')}\n${running}`,
    body: htmlOf(el('main', { class: 'script' }, body)),
  })
}

const COLUMNS = ['Step', 'What is done', 'What must come of it', 'Time (UTC)', 'Initials']
const FILLED = ['Step', 'What was done', 'What came of it', 'Time (UTC)', 'Signed by']

function actTable({ title, rows }: Act, index: number, filled: Filled | undefined): Part {
  const columns = filled ? FILLED : COLUMNS
  const takes = rows.reduce((sum, { step }) => sum + (step.takes ?? 0), 0)
  const station = [...new Set(rows.map(({ step }) => step.station))].join(', then ')
  return el(
    'section',
    { class: index === 0 ? 'act first' : 'act' },
    el('h2', { id: `act-${index + 1}` }, `Act ${index + 1}: ${title}`),
    el('p', { class: 'quiet' }, `At ${station}.${takes > 0 && !filled ? ` About ${durationOf(takes)}.` : ''}`),
    table(
      { class: 'steps-table', 'aria-labelledby': `act-${index + 1}` },
      columns,
      rows.map((row) => stepRow(row, filled)),
      el(
        'colgroup',
        {},
        columns.map((_, column) => el('col', { class: `column-${column}` })),
      ),
    ),
  )
}

/** Room to write down what was off script, or what was. */
function deviations(filled: Filled | undefined): Part {
  const rows = filled
    ? filled.deviations.map(({ time, officer, note }) => [time, note, officer])
    : Array.from({ length: 8 }, () => ['', '', ''])
  return el(
    'section',
    { class: 'deviations' },
    el('h2', {}, 'Deviations'),
    filled && rows.length === 0
      ? el('p', {}, 'None was noted.')
      : table(
          { class: 'blank' },
          ['Time (UTC)', 'What was not as in this script, and why', 'Noted by'],
          rows.map((cells) =>
            el(
              'tr',
              {},
              cells.map((cell) => el('td', {}, cell)),
            ),
          ),
        ),
  )
}

/** The head digest goes on paper: who has it has the whole transcript fixed. */
function closing(filled: Filled | undefined): Part {
  const rows = filled ? filled.head : Array.from({ length: 4 }, () => ({ digits: '', words: '' }))
  return el(
    'section',
    { class: 'closing' },
    el('h2', {}, 'Closing'),
    el(
      'p',
      {},
      'Read the head digest of the transcript aloud and write it down: four rows of sixteen digits and eight words. With it on paper nothing in the transcript can be changed or cut off unseen.',
    ),
    table(
      { class: 'blank head' },
      ['Digits', 'Words'],
      rows.map(({ digits, words }) => el('tr', {}, el('td', { class: 'digits' }, digits), el('td', {}, words))),
    ),
  )
}
