/**
 * One writer for a ceremony's folder. Each process that wants to write first puts down a file that names it, then looks
 * for the files of others: whoever sees another one that lives steps back. Of two that come at the same moment at least
 * one sees the other, and a file is never handed from one process to the next, so there is no moment at which a dead
 * one's lock can be taken twice. The folder must be on a disk of this machine, and not shared between containers.
 */
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Which process, so exactly that neither a reused number nor a reboot can be taken for it. */
interface Writer {
  readonly boot: string
  readonly pid: number
  /** In the kernel's ticks since the boot. */
  readonly start: string
}

/** Another process is writing. */
export class LockedError extends Error {
  override readonly name = 'LockedError'
  readonly pid: number
  constructor(dir: string, pid: number) {
    super(`${dir} is being written by process ${pid}; let it end, or end it, then try again`)
    this.pid = pid
  }
}

/**
 * Takes the lock of a folder. What processes that are gone have left is cleared away.
 * @returns a function that gives it back
 * @throws LockedError when a living process holds it, this one included
 */
export function lockFolder(dir: string): () => void {
  const self: Writer = { boot: bootOfSystem(), pid: process.pid, start: startOf(process.pid) }
  const own = nameOf(self)
  const path = join(dir, own)
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? new LockedError(dir, self.pid) : error
  }
  for (const name of readdirSync(dir)) {
    const other = name === own ? undefined : writerOf(name)
    if (!other) continue
    if (isAlive(other, self.boot)) {
      rmSync(path, { force: true })
      throw new LockedError(dir, other.pid)
    }
    rmSync(join(dir, name), { force: true })
  }
  return () => rmSync(path, { force: true })
}

const nameOf = ({ boot, pid, start }: Writer): string => `writer.${boot}.${pid}.${start}.lock`

function writerOf(name: string): Writer | undefined {
  const [, boot, pid, start] = /^writer\.([0-9a-f-]+)\.([0-9]+)\.([0-9]+)\.lock$/.exec(name) ?? []
  return boot && pid && start ? { boot, pid: Number(pid), start } : undefined
}

const isAlive = ({ boot, pid, start }: Writer, currentBoot: string): boolean => boot === currentBoot && startOf(pid) === start

const bootOfSystem = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/** @returns when a process started; empty if there is none, or one that only waits to be buried */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything; the fields are counted behind it (proc(5): state is field 3, starttime 22).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '')
  } catch {
    return ''
  }
}
