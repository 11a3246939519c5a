/** One step of the script: what is done, what must come of it, and where people write; or what they did. */
import { durationOf, partsOf, spoken } from '../browser/text.ts'
import type { Filled, FilledRow } from './filled.ts'
import { el, type Part } from './markup.ts'
import type { Row } from './steps.ts'

/** Cards that a set may have; a set of more is continued on the deviations’ page. */
const CARDS = 6

export function stepRow(row: Row, filled: Filled | undefined): Part {
  const done = filled?.row(row.step.id, row.key)
  return [
    (done?.failures ?? []).map((failure) =>
      el(
        'tr',
        { class: 'failure' },
        el('td', {}, row.number),
        el('td', { colspan: 2 }, `Failed, and repeated below: ${failure.says}`),
        el('td', {}, failure.time),
        el('td', {}, ''),
      ),
    ),
    el(
      'tr',
      { class: done?.state },
      el('td', { class: 'number' }, row.number),
      el('td', {}, whatIsDone(row, done)),
      el('td', {}, whatComesOfIt(row, done)),
      el('td', { class: 'time' }, done ? done.time : row.step.takes && el('p', { class: 'quiet' }, `allow ${durationOf(row.step.takes)}`)),
      el('td', {}, done ? signed(done) : seats(row)),
    ),
  ]
}

function whatIsDone({ title, key, says, inputs, step }: Row, done: FilledRow | undefined): Part {
  const spoken = done?.says ?? says
  const shown = done ? done.inputs : inputs
  return [
    el('p', { class: 'title' }, title, key !== null && el('span', { class: 'key' }, key === 'each' ? 'once for each' : key)),
    spoken !== `${title}.` && el('p', { class: step.does.kind === 'instruct' ? 'says instruct' : 'says' }, quoted(spoken)),
    key === 'each' && step.forEach && el('p', { class: 'quiet' }, `For each of ${step.forEach.source}.`),
    shown.length > 0 &&
      el(
        'dl',
        { class: 'inputs' },
        shown.map(({ name, says: value, known }) => [
          el('dt', {}, name.replaceAll('-', ' ')),
          el('dd', { class: known ? undefined : 'later' }, value),
        ]),
      ),
  ]
}

/** What stands between backticks is a name. */
function quoted(text: string): Part {
  return partsOf(text).map(({ text, isName }) => (isName ? el('code', {}, text) : text))
}

function whatComesOfIt({ expected, fields }: Row, done: FilledRow | undefined): Part {
  return [
    expected.map((text) => el('p', {}, text)),
    done
      ? done.outputs.map(({ name, says }) => el('p', { class: 'came' }, `${spoken(name)}: ${says}`))
      : fields.map(({ name, perCard }) =>
          el('div', { class: 'field' }, el('p', {}, `${name}:`), perCard ? cardLines() : el('p', { class: 'line' }, '')),
        ),
  ]
}

function cardLines(): Part {
  return Array.from({ length: CARDS }, (_, index) => el('p', { class: 'line' }, `card ${index + 1}`))
}

/** A box for each who signs; one for whoever leads where nobody else does. */
function seats({ seats: wanted }: Row): Part {
  if (wanted.length === 0) return el('span', { class: 'seat' }, el('span', { class: 'box' }, ''))
  return (['before', 'after'] as const).map((when) => {
    const roles = wanted.filter((seat) => seat.when === when)
    if (roles.length === 0) return undefined
    return el(
      'div',
      { class: 'seats' },
      el('p', { class: 'when' }, when),
      roles.map(({ role }) => el('span', { class: 'seat' }, el('span', { class: 'box' }, ''), el('span', {}, role.replaceAll('-', ' ')))),
    )
  })
}

function signed({ before, after, state }: FilledRow): Part {
  if (state === 'skipped') return 'skipped'
  return [
    before.length > 0 && [el('p', { class: 'when' }, 'before'), el('p', {}, before.join(', '))],
    after.length > 0 && [el('p', { class: 'when' }, 'after'), el('p', {}, after.join(', '))],
    state === 'open' && el('p', {}, 'not finished'),
  ]
}
