/** Axes of the figures. */

/** Maps times to places. */
export interface Scale {
  at(time: number): number
  readonly from: number
  readonly to: number
}

/** @returns a scale over the span, with a little room at both ends */
export function scaleOf(from: number, to: number, left: number, right: number): Scale {
  const span = Math.max(1, to - from)
  return { from, to: from + span, at: (time) => left + ((time - from) / span) * (right - left) }
}

/** @returns the least and the greatest of some numbers, of which there may be very many */
export function extent(numbers: readonly number[]): { from: number; to: number } {
  return numbers.reduce(({ from, to }, number) => ({ from: Math.min(from, number), to: Math.max(to, number) }), {
    from: Infinity,
    to: -Infinity,
  })
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 2880, 7200, 14400]

/** @returns round numbers of minutes, about as many as asked for, from the first at or after `from` */
export function minuteTicks(from: number, to: number, count: number): number[] {
  const step = STEPS.find((size) => (to - from) / size <= count) ?? Math.ceil((to - from) / count)
  const first = Math.ceil(from / step) * step
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, index) => first + index * step)
}
