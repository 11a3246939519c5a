/** A digest as it is compared with paper: four rows of eight bytes, each in digits and in words. */
import { type Child, h } from '../dom.ts'
import { digestRows } from '../words.ts'

export function fingerprint(hex: string, label: string): HTMLElement {
  const rows = digestRows(hex).map(
    ({ digits, words }): Child => h('tr', {}, h('td', { class: 'digits' }, digits), h('td', { class: 'words' }, words)),
  )
  return h(
    'table',
    { class: 'fingerprint' },
    h('caption', {}, label),
    h('thead', { class: 'unseen' }, h('tr', {}, h('th', { scope: 'col' }, 'Digits'), h('th', { scope: 'col' }, 'Words'))),
    h('tbody', {}, rows),
  )
}
