/** What the views of one page share. */
import type { Named } from '../artifacts.ts'
import type { Checked } from '../check.ts'
import { type Child, fillDetails, h, openDetails } from '../dom.ts'
import type { Embedded } from '../embedded.ts'
import { extent } from '../figure/scale.ts'
import type { Ceremony } from '../model.ts'
import type { Finding } from '../turn.ts'

export interface Page {
  readonly embedded: Embedded
  readonly checked: Checked
  readonly ceremony: Ceremony
  readonly named: ReadonlyMap<string, Named>
  /** What was found wrong, by line. */
  readonly findings: ReadonlyMap<number, readonly Finding[]>
}

/** @returns the id of the element that shows an entry */
export const entryId = (line: number): string => `line-${line}`

/** A link to the entry of that line, which opens what it lies in. */
export function entryLink(line: number, text = `line ${line}`): HTMLElement {
  return h('a', { class: 'line', href: `#${entryId(line)}`, click: () => reveal(line) }, text)
}

/** For a `details` that is filled when it is opened: between which lines the entries lie that it will hold. */
export function holding(lines: readonly number[]): { 'data-from': number; 'data-to': number } {
  const { from, to } = extent(lines)
  return { 'data-from': from, 'data-to': to }
}

/** Opens every `details` around the entry of that line, making what is made lazily, and goes there. */
export function reveal(line: number): void {
  const id = entryId(line)
  // A phase may hold parts, and a part steps: each is made by opening the one around it.
  for (let round = 0; round < 3 && !document.getElementById(id); round++) {
    for (const holder of document.querySelectorAll<HTMLDetailsElement>('details[data-from]')) {
      if (Number(holder.dataset.from) <= line && line <= Number(holder.dataset.to)) fillDetails(holder)
    }
  }
  const target = document.getElementById(id)
  for (let up = target?.closest('details'); up; up = up.parentElement?.closest('details')) openDetails(up)
  target?.scrollIntoView({ block: 'center' })
  target?.focus({ preventScroll: true })
}

/** A section with its heading. */
export function section(id: string, title: string, children: readonly Child[]): HTMLElement {
  return h('section', { id, 'aria-labelledby': `${id}-title` }, h('h2', { id: `${id}-title` }, title), children)
}
