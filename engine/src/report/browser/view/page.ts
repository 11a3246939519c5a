/** What the views of one page share. */
import type { Named } from '../artifacts.ts'
import type { Checked } from '../check.ts'
import { type Child, h, openDetails } from '../dom.ts'
import type { Embedded } from '../embedded.ts'
import type { Ceremony } from '../model.ts'

export interface Page {
  readonly embedded: Embedded
  readonly checked: Checked
  readonly ceremony: Ceremony
  readonly named: ReadonlyMap<string, Named>
}

/** @returns the id of the element that shows an entry */
export const entryId = (line: number): string => `line-${line}`

/** A link to the entry of that line, which opens what it lies in. */
export function entryLink(line: number, text = `line ${line}`): HTMLElement {
  const id = entryId(line)
  return h('a', { class: 'line', href: `#${id}`, click: () => reveal(id) }, text)
}

/** Opens every `details` around the element of that id, making what is made lazily, and goes there. */
export function reveal(id: string): void {
  const holder = document.querySelector<HTMLDetailsElement>(`details[data-holds~="${CSS.escape(id)}"]`)
  if (holder) openDetails(holder)
  const target = document.getElementById(id)
  for (let up = target?.closest('details'); up; up = up.parentElement?.closest('details')) openDetails(up)
  target?.scrollIntoView({ block: 'center' })
  target?.focus({ preventScroll: true })
}

/** A section with its heading. */
export function section(id: string, title: string, children: readonly Child[]): HTMLElement {
  return h('section', { id, 'aria-labelledby': `${id}-title` }, h('h2', { id: `${id}-title` }, title), children)
}
