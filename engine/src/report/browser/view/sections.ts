/** The sections of the report beside its figures and its steps: people, custody, artifacts, the runbook. */
import { custodyOf } from '../custody.ts'
import { h, lazyDetails, table } from '../dom.ts'
import { clipped, counted, grouped, listed } from '../text.ts'
import { dataView } from './data.ts'
import { fingerprint } from './fingerprint.ts'
import { entryLink, type Page, section } from './page.ts'
import { officersOf } from './steps.ts'
import type { Compared } from './verdict.ts'

/** Officers and stations with their keys, and a tick for each that the reader compared with paper. */
export function people({ ceremony, checked }: Page, compared: Compared): HTMLElement {
  const { opened, officers, entries } = ceremony
  const signed = new Map<string, number>()
  for (const { line } of entries) for (const { keyid } of line.envelope?.signatures ?? []) signed.set(keyid, (signed.get(keyid) ?? 0) + 1)
  const rows = [
    ...officers.map(({ name, roles, keyid }) => ({ name, what: roles.join(', '), keyid })),
    ...Object.entries(opened?.entry.stations ?? {}).map(([name, { keyid }]) => ({ name, what: 'station', keyid })),
  ]
  return section('people', 'Who took part', [
    h(
      'p',
      { class: 'lead' },
      'The transcript names these keys itself. Compare each fingerprint with the paper on which its holder signed; tick those you compared.',
    ),
    h(
      'ul',
      { class: 'people' },
      rows.map(({ name, what, keyid }, index) => {
        const id = `compared-${index}`
        const box = h('input', { type: 'checkbox', id, change: () => compared.setKey(keyid, box.checked) })
        return h(
          'li',
          {},
          h(
            'div',
            { class: 'person' },
            h('h3', {}, h('bdi', {}, clipped(name, 120))),
            h(
              'p',
              { class: 'quiet' },
              `${clipped(what, 200)} · ${checked.keys.get(keyid)?.kind ?? 'unknown key'} · ${counted(signed.get(keyid) ?? 0, 'signature')}`,
            ),
            h('p', { class: 'tick' }, box, ' ', h('label', { for: id }, 'compared with paper')),
          ),
          fingerprint(keyid, `Fingerprint of ${clipped(name, 120)}`),
        )
      }),
    ),
  ])
}

/** Which card was made where, used when, and sealed in which bag before whom. */
export function custody(page: Page): HTMLElement | undefined {
  const sets = custodyOf(page.ceremony, page.embedded.artifacts)
  if (sets.length === 0) return undefined
  return section('custody', 'Custody of the cards', [
    sets.map(({ name, quorum, made, cards }) => {
      const [needed, total] = quorum.split('/')
      return [
        h('h3', {}, clipped(name, 120)),
        h(
          'p',
          {},
          `${needed} of ${total} cards open it. Made in “${clipped(made.run.title, 160)}” (`,
          entryLink(made.at.line.number),
          `), ${witnesses(officersOf(page, [made.at]))}.`,
        ),
        table(
          `${name}: cards`,
          ['Card', 'Passphrase recorded in', 'Sealed in bag', 'Signed by'],
          cards.map(({ card, used, sealed }) => [
            `Card ${card}`,
            used.length === 0
              ? '–'
              : used.map(({ title, line }, index) => [index > 0 && ', ', clipped(title, 120), ' (', entryLink(line, String(line)), ')']),
            sealed ? [h('b', {}, clipped(sealed.bag, 60)), ' (', entryLink(sealed.at.line.number), ')'] : 'not recorded',
            sealed ? listed(officersOf(page, [sealed.at])) : '–',
          ]),
        ),
      ]
    }),
    h(
      'p',
      { class: 'quiet' },
      'The transcript names cards and bags. Who carries which card is not in it, nor which cards opened a set that was held open.',
    ),
  ])
}

function witnesses(names: readonly string[]): string {
  return names.length > 0 ? `confirmed by ${listed(names)}` : 'confirmed by nobody beside the station'
}

/** Everything that the entries name by digest. */
export function artifacts({ checked, embedded }: Page): HTMLElement {
  const words = { good: '✓ the bytes are those', altered: '✕ ALTERED', 'left-out': 'not held here', missing: '✕ MISSING' }
  return section('artifacts', 'Artifacts', [
    h(
      'p',
      { class: 'lead' },
      `The entries name ${counted(checked.artifacts.length, 'file')} by SHA-256. Those that the page holds were digested again when you opened it, and can be saved from it.`,
    ),
    h('p', { class: 'no-print' }, saveButton('Save the transcript', 'transcript.intoto.jsonl', embedded.transcript)),
    table(
      'Artifacts',
      ['Name', 'SHA-256', 'Size', 'State', 'Named in', 'Save'],
      checked.artifacts.slice(0, 2000).map(({ name, sha256, size, state, why, line }) => {
        const held = embedded.artifacts.get(sha256)
        return [
          h('bdi', {}, clipped(name, 120)),
          h('code', { class: 'digits' }, grouped(sha256)),
          size === undefined ? '–' : `${size.toLocaleString('en')} B`,
          why ? `${words[state]}: ${why}` : words[state],
          entryLink(line),
          held ? saveButton('Save', sha256, held.bytes, name) : '–',
        ]
      }),
    ),
  ])
}

function saveButton(label: string, file: string, bytes: Uint8Array<ArrayBuffer>, what = ''): HTMLElement {
  const save = (): void => {
    const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }))
    const link = h('a', { href: url, download: file })
    link.click()
    // The browser reads it after the click; it needs the address no longer than that.
    setTimeout(() => URL.revokeObjectURL(url), 10_000)
  }
  return h(
    'button',
    { type: 'button', class: 'no-print', click: save, 'aria-label': what === '' ? label : `${label} ${clipped(what, 120)}` },
    label,
  )
}

/** The parameters, and the runbook's text as it was signed. */
export function runbook({ embedded, ceremony }: Page): HTMLElement | undefined {
  const { opened } = ceremony
  if (!opened) return undefined
  const { runbook, parameters } = opened.entry
  const held = embedded.artifacts.get(runbook.sha256)
  return section('runbook', 'Runbook and parameters', [
    fingerprint(runbook.sha256, `Runbook ${runbook.name}, version ${runbook.version}: SHA-256`),
    h('h3', {}, 'Parameters'),
    dataView(parameters),
    held
      ? lazyDetails({}, ['The runbook’s text, ', counted(held.bytes.length, 'byte')], () =>
          h('pre', { class: 'source', tabindex: 0 }, clipped(new TextDecoder().decode(held.bytes), 400_000)),
        )
      : h('p', {}, 'The page does not hold the runbook.'),
  ])
}
