/** The place: the folder of the ceremony, the disk under it, the keys, the clock. */
import { closeSync, existsSync, fsyncSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { freeSpace } from '../ceremony/evidence.ts'
import { bad, type Check, checked, good } from './check.ts'

const MIB = 1024 ** 2
/** A ceremony is a few MiB, its rehearsal on the twins some tens. */
const ROOM = { least: 16 * MIB, enough: 500 * MIB, leastInodes: 1000, enoughInodes: 10_000 }
/** The hardware clock is written now and then only, and drifts by seconds a day. */
const DRIFT_S = 120

export async function checkFolder(dir: string): Promise<Check[]> {
  const folder = nearest(resolve(dir))
  const { free_bytes: bytes, free_inodes: inodes } = freeSpace(folder)
  const room = `${Math.floor(bytes / MIB)} MiB and ${inodes ?? 'any number of'} inodes free on the disk of ${folder}`
  const expected = `at least ${ROOM.enough / MIB} MiB and ${ROOM.enoughInodes} inodes`
  const short =
    bytes < ROOM.least || (inodes ?? Infinity) < ROOM.leastInodes
      ? 'fail'
      : bytes < ROOM.enough || (inodes ?? Infinity) < ROOM.enoughInodes
        ? 'warn'
        : undefined
  return [
    await checked(
      'folder',
      'a folder to write to, in which what is written stays',
      'Take a folder on a local disk that you may write to.',
      () => writeAndRead(folder),
    ),
    short ? bad('disk', room, expected, 'Make room, or take another disk.', short) : good('disk', room, expected),
  ]
}

/** The folder itself may not be there yet. */
function nearest(dir: string): string {
  return existsSync(dir) ? dir : nearest(dirname(dir))
}

/** The very steps by which the transcript is kept. */
function writeAndRead(folder: string): string {
  const work = mkdtempSync(join(folder, '.ceremony-doctor-'))
  try {
    const [draft, name] = [join(work, 'draft'), join(work, 'name')]
    const file = openSync(draft, 'wx', 0o600)
    writeSync(file, 'written')
    fsyncSync(file)
    closeSync(file)
    renameSync(draft, name)
    const place = openSync(work, 'r')
    fsyncSync(place)
    closeSync(place)
    if (readFileSync(name, 'utf8') !== 'written') throw new Error('what was written is not what is read')
    return `written, synced, renamed and read in ${folder}`
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** @param files key files by whose they are */
export function checkKeys(files: readonly (readonly [string, string])[]): Check[] {
  return files.map(([whose, file]) => {
    const name = `key of ${whose}`
    const expected = 'a file that only its owner may read (mode 0600)'
    const about = statSync(file, { throwIfNoEntry: false })
    if (!about?.isFile()) return bad(name, `nothing at ${file}`, expected, 'Copy the key to this station, or correct its path.')
    const mode = `0${(about.mode & 0o777).toString(8)}`
    if ((about.mode & 0o077) !== 0)
      return bad(name, `${file} with mode ${mode}`, expected, `chmod 600 ${file}; if others were here, make a new key.`)
    return good(name, `${file} with mode ${mode}`, expected)
  })
}

/** @param known a moment that has passed for sure: that of the last entry, or of the runbook */
export function checkClock(known: number): Check {
  const now = Date.now()
  const expected = 'a clock that agrees with the hardware clock and is not behind what is known'
  const next = 'Compare with a clock that you trust, and set this one (timedatectl set-time …; hwclock --systohc).'
  if (now < known) return bad('clock', `${new Date(now).toISOString()}, before ${new Date(known).toISOString()}`, expected, next)
  const hardware = hardwareClock()
  const shown = new Date(now).toISOString()
  if (hardware === undefined) return good('clock', `${shown}; this machine shows no hardware clock`, expected)
  const apart = Math.round(now / 1000 - hardware)
  if (Math.abs(apart) > DRIFT_S) return bad('clock', `${shown}, ${apart} s apart from the hardware clock`, expected, next, 'warn')
  return good('clock', `${shown}, ${apart} s apart from the hardware clock`, expected)
}

function hardwareClock(): number | undefined {
  try {
    return Number(readFileSync('/sys/class/rtc/rtc0/since_epoch', 'utf8'))
  } catch {
    return undefined
  }
}
