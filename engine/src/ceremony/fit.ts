/** Whether this station is fit to go on with a ceremony: room to write to, and a clock that has not been set back. */
import { CeremonyError } from './error.ts'
import { freeSpace } from './evidence.ts'

/** A ceremony is a few MiB; where less is left it would soon stop in the midst of a step. */
const LEAST = { bytes: 16 * 1024 ** 2, inodes: 1000 }
/** Two machines never agree to the second. */
const TOLERANCE_MS = 60_000

/** @throws CeremonyError `station/no-room` (exit 3) */
export function requireRoom(dir: string): void {
  const { free_bytes: bytes, free_inodes: inodes } = freeSpace(dir)
  if (bytes >= LEAST.bytes && (inodes === null || inodes >= LEAST.inodes)) return
  throw new CeremonyError('station/no-room', `The disk that holds ${dir} is nearly full.`, {
    found: `${Math.floor(bytes / 1024)} KiB and ${inodes ?? 'any number of'} inodes free`,
    expected: `at least ${LEAST.bytes / 1024} KiB and ${LEAST.inodes} inodes`,
    advice: 'Make room, then resume. Nothing was done.',
    exitCode: 3,
  })
}

/**
 * @param now of the ceremony's clock, like `lastTime`, that of the last entry (0 if there is none)
 * @param scale how many times faster than real it runs
 * @throws CeremonyError `clock/behind` (exit 3)
 */
export function requireClock(now: number, lastTime: number, scale: number): void {
  const behind = lastTime - now
  if (behind <= TOLERANCE_MS * scale) return
  throw new CeremonyError('clock/behind', 'The clock of this station is behind the last entry of the transcript.', {
    found: `${new Date(now).toISOString()} here; ${Math.round(behind / 1000)} s before the last entry`,
    expected: `not before ${new Date(lastTime).toISOString()}`,
    advice:
      'Compare both with a clock that you trust. Set this station’s clock (timedatectl set-time …), then resume. If it is the last entry that is wrong, wait until that time, and note a deviation. Nothing was done.',
    exitCode: 3,
  })
}
