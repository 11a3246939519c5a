/** The verdict: one line that says whether the transcript holds, and what the reader compares with paper. */
import type { Checked } from '../check.ts'
import { append, h } from '../dom.ts'
import type { Ceremony } from '../model.ts'
import { counted, durationOf } from '../text.ts'
import type { Finding } from '../turn.ts'
import { digestFrom } from '../words.ts'
import { fingerprint } from './fingerprint.ts'

/** What the reader has compared with paper, by hand. It is kept nowhere. */
export class Compared {
  readonly #listeners: (() => void)[] = []
  readonly #keys = new Set<string>()
  #head: 'same' | 'other' | undefined

  get head(): 'same' | 'other' | undefined {
    return this.#head
  }

  get keys(): number {
    return this.#keys.size
  }

  setHead(head: 'same' | 'other' | undefined): void {
    this.#head = head
    for (const listener of this.#listeners) listener()
  }

  setKey(keyid: string, compared: boolean): void {
    if (compared) this.#keys.add(keyid)
    else this.#keys.delete(keyid)
    for (const listener of this.#listeners) listener()
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }
}

/** @returns the one line at the top, which follows what the reader compares */
export function verdict(checked: Checked, ceremony: Ceremony, compared: Compared): HTMLElement {
  const line = h('p', { class: 'verdict', role: 'status', id: 'verdict' })
  const show = (): void => {
    const { sign, says, tone } = wordsOfVerdict(checked, ceremony, compared)
    line.className = `verdict ${tone}`
    line.replaceChildren()
    append(line, [h('span', { class: 'sign', 'aria-hidden': true }, sign), h('span', {}, says)])
  }
  compared.onChange(show)
  show()
  return line
}

function wordsOfVerdict(
  checked: Checked,
  { opened, officers }: Ceremony,
  compared: Compared,
): { sign: string; says: string; tone: string } {
  const { findings, lines, closed } = checked
  if (findings.length > 0)
    return {
      sign: '✕',
      tone: 'bad',
      says: `This transcript does not hold: ${counted(findings.length, 'finding')}. Do not rely on what it says.`,
    }
  if (compared.head === 'other')
    return {
      sign: '✕',
      tone: 'bad',
      says: 'This is not the transcript of your paper: its head digest is another. It may be cut off, or a different one.',
    }
  const keys = officers.length + Object.keys(opened?.entry.stations ?? {}).length
  const trusted = compared.head === 'same' || compared.keys === keys
  const trust = trusted
    ? `You compared ${[compared.head === 'same' ? 'its head' : '', compared.keys > 0 ? `${compared.keys} of ${counted(keys, 'key')}` : ''].filter((part) => part !== '').join(' and ')} with your paper.`
    : 'It is self-asserted: compare its head and its keys with your paper.'
  const size = counted(lines.length, 'entry', 'entries')
  if (!closed)
    return {
      sign: '!',
      tone: 'open',
      says: `This transcript holds as far as it goes: ${size}, not closed, so what came after may be missing. ${trust}`,
    }
  return { sign: '✓', tone: trusted ? 'good' : 'holds', says: `This transcript holds: ${size}, closed, every signature good. ${trust}` }
}

/** The head digest in digits and words, and a field for the one from paper. */
export function headSection({ head }: Checked, compared: Compared): HTMLElement {
  const answer = h('p', { class: 'answer', id: 'head-answer', role: 'status' })
  const field = h('textarea', {
    id: 'head-field',
    rows: 2,
    spellcheck: 'false',
    autocomplete: 'off',
    'aria-describedby': 'head-answer',
    input: () => {
      const typed = field.value.trim()
      const digest = digestFrom(typed)
      compared.setHead(digest === undefined ? undefined : digest === head ? 'same' : 'other')
      answer.textContent =
        typed === ''
          ? ''
          : digest === undefined
            ? 'Not a digest yet: 64 hexadecimal digits, or 32 words.'
            : digest === head
              ? 'The same.'
              : 'Another digest.'
    },
  })
  return h(
    'section',
    { class: 'head', 'aria-label': 'Head digest' },
    head === null
      ? h('p', {}, 'There is no entry, so there is no head.')
      : fingerprint(head, 'Head digest: SHA-256 of the last line. It fixes all that comes before.'),
    h(
      'div',
      { class: 'compare no-print' },
      h('label', { for: 'head-field' }, 'Type or paste the head from your paper to compare'),
      field,
      answer,
    ),
  )
}

/** What does not hold, by line and rule. */
export function findingsList(findings: readonly Finding[], link: (line: number) => Node): HTMLElement {
  const shown = findings.slice(0, 100)
  return h(
    'section',
    { class: 'findings', 'aria-labelledby': 'findings-title' },
    h('h2', { id: 'findings-title' }, 'Why it does not hold'),
    h(
      'ol',
      {},
      shown.map(({ line, rule, found, expected }) =>
        h(
          'li',
          {},
          h('p', {}, line > 0 ? link(line) : 'The whole', ' · ', h('code', {}, rule)),
          h(
            'dl',
            { class: 'pairs' },
            h('dt', {}, 'Found'),
            h('dd', {}, found.slice(0, 600)),
            h('dt', {}, 'Expected'),
            h('dd', {}, expected.slice(0, 600)),
          ),
        ),
      ),
    ),
    findings.length > shown.length && h('p', {}, `And ${counted(findings.length - shown.length, 'further finding')}.`),
  )
}

/** What was and what was not checked, so that nobody takes the page for more than it is. */
export function scope(checked: Checked, ceremony: Ceremony): HTMLElement {
  const { lines, good, keys, artifacts, milliseconds } = checked
  const held = artifacts.filter(({ state }) => state === 'good').length
  const absent = artifacts.filter(({ state }) => state === 'left-out').length
  return h(
    'details',
    { class: 'scope' },
    h('summary', {}, `What your browser checked, in ${durationOf(milliseconds)}, and what it did not`),
    h(
      'div',
      { class: 'inside' },
      h('p', {}, 'Checked here, when you opened the page, by the code that the page holds:'),
      h(
        'ul',
        {},
        h('li', {}, `the canonical form of ${counted(lines.length, 'line')}, and the chain of their SHA-256 digests`),
        h(
          'li',
          {},
          `${counted(good, 'signature')} by ${counted(keys.size, 'key')} (${[...new Set([...keys.values()].map(({ kind }) => kind))].join(', ')}), and that each key has the fingerprint it is called by`,
        ),
        h(
          'li',
          {},
          `that steps came in the runbook’s order at the right station, with every quorum of distinct people in their roles (${counted(ceremony.steps.length, 'step')})`,
        ),
        h('li', {}, `the digests of ${counted(held, 'artifact')} that the page holds, the runbook among them`),
      ),
      h('p', {}, 'Not checked here:'),
      h(
        'ul',
        {},
        h(
          'li',
          {},
          'the runbook’s expressions: inputs, assertions and conditions evaluated again (',
          h('code', {}, 'ceremony verify'),
          ')',
        ),
        h('li', {}, 'that the plugins’ code makes these outputs of these exchanges (', h('code', {}, 'ceremony replay'), ')'),
        h('li', {}, 'the plan of steps and quorums, which the writer of this page read out of the runbook; the runbook itself is below'),
        absent > 0 && h('li', {}, `${counted(absent, 'artifact')} that the page does not hold`),
        h('li', {}, 'whose keys these are: only paper, or somebody you trust, can tell'),
      ),
      h(
        'p',
        { class: 'quiet' },
        'Whoever doubts the page itself saves the transcript from it and checks that with other tools; docs/verify-by-hand.md shows how with OpenSSL alone.',
      ),
    ),
  )
}
