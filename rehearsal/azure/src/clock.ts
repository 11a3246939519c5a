/** The twin's clock: like the ceremony's, it may run faster than the real one. */
export interface Clock {
  /** Milliseconds since 1970, of the twin's time. */
  now(): number
  /** How many times faster than real time it runs. */
  readonly scale: number
}

/** @returns a clock that reads `origin` at that real moment and runs `scale` times as fast */
export function scaledClock(origin: number, scale: number): Clock {
  return { scale, now: () => Math.floor(origin + (Date.now() - origin) * scale) }
}
