/** The ceremony's clock: the machine's, or in a rehearsal a faster one with a fixed origin, so that it goes on after a restart. */
export interface CeremonyClock {
  readonly scale: number
  /** Milliseconds since the epoch. Never goes back within one process. */
  now(): number
  /** Resolves after so many milliseconds of this clock; rejects when the signal fires. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

/**
 * now = origin + (machine's now − origin) × scale
 * @param origin milliseconds since the epoch at which both clocks showed the same
 * @param scale 1 for the real time
 */
export function ceremonyClock(origin = 0, scale = 1): CeremonyClock {
  let last = 0
  return {
    scale,
    now() {
      const now = Math.floor(origin + (Date.now() - origin) * scale)
      last = Math.max(last, now)
      return last
    },
    sleep(milliseconds, signal) {
      return new Promise((resolve, reject) => {
        const stop = (): void => {
          clearTimeout(timer)
          reject(new Error('no longer waited for'))
        }
        const timer = setTimeout(
          () => {
            signal?.removeEventListener('abort', stop)
            resolve()
          },
          Math.min(milliseconds / scale, 2 ** 31 - 1),
        )
        if (signal?.aborted) stop()
        else signal?.addEventListener('abort', stop, { once: true })
      })
    },
  }
}
