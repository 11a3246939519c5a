/** One entry: what it says, who signed it, and where it stands in the chain. */
import type { Entry, StepError } from '../../../transcript/entry.ts'
import { type Child, code, h, lazyDetails, time } from '../dom.ts'
import type { At } from '../model.ts'
import { clockOf, counted, grouped, instanceName } from '../text.ts'
import { dataView, saysView, textView } from './data.ts'
import { exchangesView } from './exchanges.ts'
import { entryId, type Page } from './page.ts'

const NAMES: Readonly<Record<Entry['kind'], string>> = {
  opened: 'The ceremony is opened',
  arrived: 'The station shows its state',
  skipped: 'Skipped',
  intent: 'Intent',
  outcome: 'Outcome',
  deviation: 'Deviation',
  resolution: 'Resolution',
  'handed-over': 'Handed over',
  received: 'Received',
  closed: 'The ceremony is closed',
}

/** Shows an entry in full. */
export function entryView(page: Page, { line, entry }: At): HTMLElement {
  const findings = page.findings.get(line.number) ?? []
  return h(
    'article',
    {
      class: findings.length > 0 ? 'entry bad' : 'entry',
      id: entryId(line.number),
      tabindex: -1,
      'aria-label': `Line ${line.number}: ${NAMES[entry.kind]}`,
    },
    h(
      'header',
      {},
      h('h4', {}, NAMES[entry.kind]),
      h('span', { class: 'quiet' }, time(entry.time, `${clockOf(entry.time)} UTC`), ` at ${entry.station}, line ${line.number}`),
    ),
    findings.map(({ rule, found, expected }) =>
      h('p', { class: 'finding' }, '✕ ', code(rule), `: found ${found.slice(0, 400)}; expected ${expected.slice(0, 400)}`),
    ),
    bodyOf(page, entry),
    signaturesView(page, { line, entry }),
    artifactsOf(page, line.statement?.subject ?? []),
    place(line, entry),
  )
}

function bodyOf(page: Page, entry: Entry): Child {
  switch (entry.kind) {
    case 'intent':
      return [h('p', { class: 'says' }, saysView(entry.says)), named('Inputs', entry.action === 'instruct' ? null : entry.inputs)]
    case 'outcome':
      return [
        entry.reconciled && h('p', {}, 'The effect was found to have taken place before the interruption; it was not repeated.'),
        entry.error ? errorView(entry.error) : named('Outputs', entry.outputs),
        attemptsView(entry.attempts),
        exchanges(page, entry.exchanges, 'Exchanges with the world'),
      ]
    case 'resolution':
      return [
        h(
          'p',
          {},
          `By ${entry.how === 'officers' ? 'the officers’ word' : 'asking the world'}: ${entry.verdict === 'done' ? 'it had taken place' : 'it had not taken place'}. `,
          textView(entry.facts),
        ),
        exchanges(page, entry.exchanges, 'What the interrupted attempt had recorded, and what was asked to find out'),
      ]
    case 'deviation':
      return h('p', { class: 'says' }, `${entry.officer}: `, textView(entry.note))
    case 'arrived':
      return [
        entry.waiver ? h('p', {}, 'Waived by everyone present: ', textView(entry.waiver.reason)) : undefined,
        named('Evidence', entry.evidence),
      ]
    case 'handed-over':
      return h('p', {}, `The baton goes to ${entry.to}.`)
    case 'received':
      return h('p', {}, `The baton comes from ${entry.from}.`)
    case 'skipped':
      return h('p', {}, `${instanceName(entry.step, entry.instance)}, because this does not hold: `, code(entry.when))
    case 'closed':
      return named('Summary', { result: entry.result, entries: entry.entries, steps_done: entry.steps_done, deviations: entry.deviations })
    case 'opened':
      return named('Opened with', {
        runbook: `${entry.runbook.name}, version ${entry.runbook.version}`,
        runbook_digest: entry.runbook.sha256,
        engine: entry.engine,
        plugins: entry.plugins,
        ...(entry.cloud ? { cloud: entry.cloud } : {}),
      })
  }
}

function named(name: string, data: unknown): Child {
  if (data === null || data === undefined) return undefined
  return h('div', { class: 'named' }, h('h5', {}, name), dataView(data))
}

function errorView(error: StepError): Child {
  return h('div', { class: 'named' }, h('h5', {}, 'Failed'), dataView(error))
}

function attemptsView(attempts: readonly { time: string; holds: boolean; outputs: unknown }[] | null): Child {
  if (!attempts) return undefined
  return lazyDetails({ class: 'exchanges' }, [counted(attempts.length, 'attempt'), ' until the condition held'], () =>
    h(
      'ol',
      { class: 'asks' },
      attempts
        .slice(0, 500)
        .map(({ time: moment, holds, outputs }) =>
          h(
            'li',
            {},
            h('span', { class: 'quiet' }, time(moment, clockOf(moment))),
            ' ',
            holds ? '✓ holds' : '– does not hold yet',
            ' ',
            dataView(outputs),
          ),
        ),
    ),
  )
}

function exchanges({ embedded, named }: Page, artifact: { sha256: string; count: number } | null, label: string): Child {
  if (!artifact) return undefined
  const held = embedded.artifacts.get(artifact.sha256)
  const state = named.get(artifact.sha256)?.state
  if (!held)
    return h(
      'p',
      { class: 'quiet' },
      `${label}: ${counted(artifact.count, 'recorded line')}, not held by this page (`,
      code(grouped(artifact.sha256)),
      ').',
    )
  return h(
    'div',
    {},
    state === 'altered' && h('p', { class: 'finding' }, '✕ The recording is not the one that was signed.'),
    exchangesView(held.bytes, artifact.count, label),
  )
}

function signaturesView({ checked, ceremony }: Page, { line }: At): HTMLElement {
  const rows = (line.envelope?.signatures ?? []).map(({ keyid }, index) => {
    const { name, roles } = ceremony.signer(keyid)
    const good = line.signatures[index]
    return h(
      'li',
      { class: good ? 'good' : 'bad' },
      h('span', { 'aria-hidden': true }, good ? '✓ ' : '✕ '),
      `${name}`,
      h(
        'span',
        { class: 'quiet' },
        ` ${roles.join(', ')} · ${good ? 'good signature' : 'BAD signature'} · ${checked.keys.get(keyid)?.kind ?? 'unknown key'}`,
      ),
    )
  })
  return h('div', { class: 'named' }, h('h5', {}, 'Signed by'), h('ul', { class: 'signers' }, rows))
}

function artifactsOf({ named }: Page, subjects: readonly { name: string; digest: { sha256: string } }[]): Child {
  const items = subjects.filter(({ digest }) => named.has(digest.sha256))
  if (items.length === 0) return undefined
  return h(
    'div',
    { class: 'named' },
    h('h5', {}, 'Artifacts'),
    h(
      'ul',
      { class: 'signers' },
      items.map(({ name, digest }) =>
        h('li', {}, h('bdi', {}, name.slice(0, 200)), ' ', h('code', { class: 'digits' }, grouped(digest.sha256))),
      ),
    ),
  )
}

function place(line: At['line'], { sequence, previous }: Entry): HTMLElement {
  return h(
    'p',
    { class: 'quiet place' },
    `Entry ${sequence}. Digest `,
    h('code', {}, `${line.digest.slice(0, 16)}…`),
    previous ? [', follows on ', h('code', {}, `${previous.sha256.slice(0, 16)}…`)] : ', the first',
    '.',
  )
}
