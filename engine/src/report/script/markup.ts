/** HTML as text, for pages without a script. What is not markup already is escaped, and hidden characters are shown as codes. */
import { visible } from '../browser/text.ts'
import { escaped } from '../page.ts'

/** HTML that may stand as it is; only `el` makes it. */
class Markup {
  readonly html: string
  constructor(html: string) {
    this.html = html
  }
}

export type Part = Markup | string | number | undefined | false | readonly Part[]

const EMPTY = new Set(['br', 'col'])

/** @returns an element; attributes that are undefined or false are left out */
export function el(tag: string, attributes: Readonly<Record<string, string | number | undefined | false>>, ...children: Part[]): Markup {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name, value]) => ` ${name}="${escaped(visible(String(value)))}"`)
  const open = `<${tag}${written.join('')}>`
  return new Markup(EMPTY.has(tag) ? open : `${open}${htmlOf(children)}</${tag}>`)
}

/** @returns a table with its headings; `columns` stand before them, `rows` are its `tr` */
export function table(attributes: Parameters<typeof el>[1], headings: readonly string[], rows: Part, columns?: Part): Markup {
  const names = headings.map((heading) => el('th', { scope: 'col' }, heading))
  return el('table', attributes, columns, el('thead', {}, el('tr', {}, names)), el('tbody', {}, rows))
}

/** @returns the parts as HTML, one behind the other */
export function htmlOf(part: Part): string {
  if (part === undefined || part === false) return ''
  if (part instanceof Markup) return part.html
  if (Array.isArray(part)) return part.map(htmlOf).join('')
  return escaped(visible(String(part)))
}
