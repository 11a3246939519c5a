/** The cover: which runbook, with which parameters, who takes part and where. */
import type { Runbook } from '../../runbook/model.ts'
import { digestRows } from '../browser/words.ts'
import type { Filled } from './filled.ts'
import { el, type Part, table } from './markup.ts'

/** Rows for more people than the runbook demands. */
const SPARE = 2

export function cover(runbook: Runbook, parameters: Readonly<Record<string, unknown>>, filled: Filled | undefined): Part {
  const { name, version, title, sha256 } = runbook
  return [
    el(
      'header',
      { class: 'cover' },
      el('p', { class: 'overline' }, filled ? 'Ceremony script, annotated' : 'Ceremony script'),
      el('h1', {}, title),
      filled && el('p', { class: 'verdict' }, filled.verdict),
      el(
        'dl',
        { class: 'facts' },
        facts([
          ['Runbook', `${name}, version ${version}`],
          ...(filled
            ? filled.facts
            : [
                ['Date', ''],
                ['Place', ''],
                ['Led by', ''],
              ]),
        ] as [string, string][]),
      ),
      digestTable('Runbook: SHA-256 of the file. Compare it with the file that is run.', sha256),
    ),
    el('section', {}, el('h2', {}, 'Participants'), filled ? whoTookPart(filled) : participants(runbook)),
    el(
      'section',
      {},
      el('h2', {}, 'Stations'),
      el(
        'ul',
        {},
        Object.entries(runbook.stations).map(([station, { network, title: about }]) =>
          el(
            'li',
            {},
            el('b', {}, station),
            `${about ? `: ${about}` : ''}; ${network === 'none' ? 'without a network' : 'with a way to the cloud'}.`,
          ),
        ),
      ),
    ),
    parameterTable(runbook, parameters),
    !filled &&
      el(
        'section',
        {},
        el('h2', {}, 'How it goes'),
        el(
          'ol',
          {},
          HOW.map((text) => el('li', {}, text)),
        ),
      ),
  ]
}

const HOW = [
  'Read each step aloud before it is done. Whoever has a box under “before” signs with their key first, and initials it.',
  'Do the step. Write down the time, and whatever the step asks for.',
  'Compare what came of it with what must. Whoever has a box under “after” signs and initials.',
  'Whatever is not as in this script goes into the table of deviations, and into the transcript.',
  'Values in ‹angle brackets› come from an earlier step; the engine fills them in, and they are signed before they are used.',
]

function facts(rows: readonly [string, string][]): Part {
  return rows.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', { class: value === '' ? 'line' : undefined }, value)))
}

/** A digest as people compare it: four rows of eight bytes, in digits and in words. */
function digestTable(caption: string, hex: string): Part {
  return el(
    'table',
    { class: 'fingerprint' },
    el('caption', {}, caption),
    el(
      'tbody',
      {},
      digestRows(hex).map(({ digits, words }) => el('tr', {}, el('td', { class: 'digits' }, digits), el('td', { class: 'words' }, words))),
    ),
  )
}

function participants({ roles }: Runbook): Part {
  const rows = Object.entries(roles).flatMap(([role, { atLeast, title }]) =>
    Array.from({ length: atLeast }, () => `${role}${title ? `: ${title.toLowerCase()}` : ''}`),
  )
  const blank = Array.from({ length: SPARE }, () => '')
  return table(
    { class: 'blank participants' },
    ['Role', 'Name', 'Signature', 'Date and time'],
    [...rows, ...blank].map((role) => el('tr', {}, el('td', {}, role), el('td', {}, ''), el('td', {}, ''), el('td', {}, ''))),
  )
}

function whoTookPart({ officers }: Filled): Part {
  return table(
    { class: 'blank participants' },
    ['Role', 'Name', 'Fingerprint of the key', 'Signatures'],
    officers.map(({ roles, name, keyid, signatures }) =>
      el('tr', {}, el('td', {}, roles), el('td', {}, name), el('td', { class: 'digits' }, keyid), el('td', {}, signatures)),
    ),
  )
}

function parameterTable(runbook: Runbook, parameters: Readonly<Record<string, unknown>>): Part {
  const names = Object.keys(runbook.parameters)
  if (names.length === 0) return undefined
  return el(
    'section',
    {},
    el('h2', {}, 'Parameters'),
    table(
      { class: 'blank parameters' },
      ['Parameter', 'Value'],
      names.map((name) => {
        const about = runbook.parameters[name]!.description
        const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined
        return el(
          'tr',
          {},
          el('th', { scope: 'row' }, name, typeof about === 'string' && el('p', { class: 'quiet' }, about)),
          el('td', {}, value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value, null, 1)),
        )
      }),
    ),
  )
}
