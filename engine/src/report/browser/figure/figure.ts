/** A figure: a drawing that is made for the width it gets, its description, and the same in a table. */
import { type Child, h, lazyDetails } from '../dom.ts'

/** @param draw draws for a width in CSS pixels; called again when that changes */
export function figure(about: {
  title: string
  caption: Child
  draw: (width: number) => SVGElement
  data: () => HTMLElement
  dataLabel: string
  minimum: number
}): HTMLElement {
  const { title, caption, draw, data, dataLabel, minimum } = about
  const canvas = h('div', { class: 'canvas', role: 'region', 'aria-label': title, tabindex: 0 })
  let drawn = 0
  const redraw = (): void => {
    const width = Math.max(minimum, Math.floor(canvas.clientWidth || 720))
    if (width === drawn) return
    drawn = width
    canvas.replaceChildren(draw(width))
  }
  new ResizeObserver(redraw).observe(canvas)
  redraw()
  return h('figure', {}, canvas, h('figcaption', {}, caption), lazyDetails({ class: 'data-table' }, [dataLabel], data))
}
