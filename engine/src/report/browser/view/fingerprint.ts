/** A digest as it is compared with paper: four rows of eight bytes, each in digits and in words. */
import { type Child, h } from '../dom.ts'
import { grouped } from '../text.ts'
import { wordsOf } from '../words.ts'

export function fingerprint(hex: string, label: string): HTMLElement {
  const words = wordsOf(hex)
  const rows = [0, 1, 2, 3].map(
    (row): Child =>
      h(
        'tr',
        {},
        h('td', { class: 'digits' }, grouped(hex.slice(row * 16, row * 16 + 16), 4)),
        h('td', { class: 'words' }, words.slice(row * 8, row * 8 + 8).join(' ')),
      ),
  )
  return h(
    'table',
    { class: 'fingerprint' },
    h('caption', {}, label),
    h('thead', { class: 'unseen' }, h('tr', {}, h('th', { scope: 'col' }, 'Digits'), h('th', { scope: 'col' }, 'Words'))),
    h('tbody', {}, rows),
  )
}
