/** Inputs, outputs and other data of the transcript, as lists of names and values. */
import { type Child, h } from '../dom.ts'
import { clipped, grouped, partsOf, spoken } from '../text.ts'

/** What is shown of a text at once, and at most. */
const SHORT = 600
const LONG = 200_000
const MAX_ITEMS = 200

/** Shows any JSON data. */
export function dataView(value: unknown, depth = 0): HTMLElement {
  if (typeof value === 'string') return textView(value)
  if (typeof value !== 'object' || value === null) return h('span', { class: 'plain' }, value === null ? 'nothing' : String(value))
  const entries = Object.entries(value)
  if (entries.length === 0) return h('span', { class: 'plain' }, Array.isArray(value) ? 'an empty list' : 'nothing')
  if (depth > 6) return textView(JSON.stringify(value))
  const shown = entries.slice(0, MAX_ITEMS)
  const more = entries.length - shown.length
  if (Array.isArray(value)) {
    const items = shown.map(([, item]) => h('li', {}, dataView(item, depth + 1)))
    return h('ol', { class: 'data' }, items, more > 0 && h('li', {}, `… and ${more} more`))
  }
  const pairs: Child[] = shown.flatMap(([name, item]) => [h('dt', {}, clipped(spoken(name), 120)), h('dd', {}, dataView(item, depth + 1))])
  return h('dl', { class: 'pairs' }, pairs, more > 0 && h('dd', {}, `… and ${more} more`))
}

/** A text; a long one is cut, with a button that shows more. */
export function textView(text: string): HTMLElement {
  if (/^[0-9a-f]{40,128}$/.test(text)) return h('code', { class: 'digits' }, grouped(text))
  if (/^[A-Za-z0-9+/=_-]{65,600}$/.test(text)) return h('code', {}, text)
  if (text.length <= SHORT)
    return h('span', { class: text.includes('\n') ? 'plain lines' : 'plain' }, h('bdi', {}, text === '' ? '(empty)' : text))
  const shown = h('bdi', {}, clipped(text, SHORT))
  const button = h(
    'button',
    {
      type: 'button',
      class: 'more no-print',
      click: () => {
        shown.replaceChildren(h('bdi', {}, clipped(text, LONG)))
        button.remove()
      },
    },
    'Show more',
  )
  return h('span', { class: 'plain lines' }, shown, ' ', button)
}

/** The sentence that officers sign; what stands in it between backticks is a name. */
export function saysView(text: string): HTMLElement {
  if (text.length > SHORT) return textView(text)
  return h(
    'span',
    { class: 'lines' },
    h(
      'bdi',
      {},
      partsOf(text).map(({ text, isName }) => (isName ? h('code', {}, text) : text)),
    ),
  )
}
