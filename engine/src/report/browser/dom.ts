/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Elements of the page. Text goes in as text and through `visible`, always: there is no other way to put something on the
 * page, so nothing in a transcript can become markup.
 */
import { visible } from './text.ts'

export type Child = Node | string | number | undefined | false | readonly Child[]
type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>

/** Makes an element of HTML. Attributes that are false or undefined are left out; functions listen to the event of that name. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children)
}

/** Makes an element of SVG. */
export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children)
}

function fill<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value)
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : visible(String(value)))
  }
  append(element, children)
  return element
}

/** Appends to an element what `h` takes as children. */
export function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === undefined || child === false) continue
    if (child instanceof Node) element.append(child)
    else if (Array.isArray(child)) append(element, child as readonly Child[])
    else element.append(visible(String(child)))
  }
}

/** A `details` whose content is made when it is first opened. */
export function lazyDetails(attributes: Attributes, summary: readonly Child[], content: () => Child): HTMLDetailsElement {
  const element = h('details', attributes, h('summary', {}, summary))
  let made = false
  const make = (): void => {
    if (made) return
    made = true
    append(element, [h('div', { class: 'inside' }, content())])
  }
  element.addEventListener('toggle', () => element.open && make())
  // A closed one can be opened and filled before it is measured, printed or linked to.
  element.addEventListener('fill', make)
  if (attributes.open) make()
  return element
}

/** Opens a `details` with its content there at once, not at the next turn of the event loop. */
export function openDetails(element: HTMLDetailsElement): void {
  fillDetails(element)
  element.open = true
}

/** Makes the content of a `details` without opening it. */
export function fillDetails(element: HTMLDetailsElement): void {
  element.dispatchEvent(new Event('fill'))
}

/**
 * A table with a heading row; the first cell of each row is its heading. The roles stand there because on narrow screens
 * the cells are shown below each other, and browsers then no longer take it for a table.
 */
export function table(caption: string, headings: readonly string[], rows: readonly (readonly Child[])[]): HTMLElement {
  const body = rows.map((cells) =>
    h(
      'tr',
      { role: 'row' },
      cells.map((cell, index) =>
        index === 0 ? h('th', { scope: 'row', role: 'rowheader' }, cell) : h('td', { role: 'cell', 'data-heading': headings[index] }, cell),
      ),
    ),
  )
  return h(
    'div',
    { class: 'scroll', role: 'region', 'aria-label': caption, tabindex: 0 },
    h(
      'table',
      { role: 'table' },
      h('caption', {}, caption),
      h(
        'thead',
        { role: 'rowgroup' },
        h(
          'tr',
          { role: 'row' },
          headings.map((heading) => h('th', { scope: 'col', role: 'columnheader' }, heading)),
        ),
      ),
      h('tbody', { role: 'rowgroup' }, body),
    ),
  )
}

/** Bytes as digits, in type of one width, that may break anywhere. */
export function code(text: string): HTMLElement {
  return h('code', {}, text)
}

/** A moment, as people write it and as machines do. */
export function time(moment: string, text: string): HTMLElement {
  return h('time', { datetime: moment }, text)
}
