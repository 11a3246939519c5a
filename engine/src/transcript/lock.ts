/** One writer for a ceremony's folder: a lock file that names the process, so that a dead one's lock can be taken over. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const LOCK = 'writer.lock'

/** Another process is writing. */
export class LockedError extends Error {
  override readonly name = 'LockedError'
  readonly pid: number
  constructor(dir: string, pid: number) {
    super(`${dir} is being written by process ${pid}`)
    this.pid = pid
  }
}

/**
 * Takes the lock of a folder.
 * @returns a function that gives it back
 * @throws LockedError when a living process holds it
 */
export function lockFolder(dir: string): () => void {
  const path = join(dir, LOCK)
  const own = `${process.pid} ${startOf(process.pid)}\n`
  // Linked into place, so that the lock never exists without its content.
  const mine = `${path}.${process.pid}`
  writeFileSync(mine, own)
  try {
    for (let tries = 0; ; tries++) {
      try {
        linkSync(mine, path)
        return () => rmSync(path, { force: true })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const holder = readIfThere(path)
      if (holder !== '' && isAlive(holder)) throw new LockedError(dir, pidOf(holder))
      if (tries > 10) throw new LockedError(dir, pidOf(holder))
      clearAway(path, `${mine}.stale`)
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

/**
 * Takes a dead process's lock out of the way. Renaming shows which lock was taken: if a living process had locked
 * meanwhile, its lock is put back.
 */
function clearAway(path: string, aside: string): void {
  try {
    renameSync(path, aside)
    if (isAlive(readIfThere(aside))) linkSync(aside, path)
  } catch {
    // somebody else was faster
  }
  rmSync(aside, { force: true })
}

const pidOf = (lock: string): number => Number(lock.split(' ')[0])

function isAlive(lock: string): boolean {
  const [pid = '', start = ''] = lock.trim().split(' ')
  return start !== '' && startOf(Number(pid)) === start
}

/** @returns when a process started, in the kernel's ticks; empty if there is none */
function startOf(pid: number): string {
  const stat = readIfThere(`/proc/${pid}/stat`)
  // The name in parentheses may hold anything; the fields are counted behind it (proc(5): starttime is field 22).
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
