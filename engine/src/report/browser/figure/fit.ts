/** Text that fits: measured in the page's own type, for nobody knows which fonts a reader has. */

let canvas: CanvasRenderingContext2D | null | undefined

/** @param font size and weight, as `600 13px` */
export function widthOf(text: string, font = '12px'): number {
  canvas ??= document.createElement('canvas').getContext('2d')
  if (!canvas) return text.length * 8
  canvas.font = `${font} ${getComputedStyle(document.body).fontFamily}`
  return canvas.measureText(text).width
}

/** @returns the text, with as little as possible taken out of its middle: the end of a long name tells more than that */
export function fitted(text: string, width: number, font = '12px'): string {
  if (text.length <= 400 && widthOf(text, font) <= width) return text
  for (let kept = Math.min(text.length, 200) - 1; kept > 2; kept--) {
    const tail = Math.floor(kept / 2)
    const shorter = `${text.slice(0, kept - tail).replace(/[\ud800-\udbff]$/, '')}…${text.slice(-tail).replace(/^[\udc00-\udfff]/, '')}`
    if (widthOf(shorter, font) <= width) return shorter
  }
  return '…'
}
