/** What a station remembers of the hand-overs that it took, beside its key: the same one is not taken into two folders. */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { writeDurably } from '../transcript/files.ts'

const FILE = 'received.jsonl'

/**
 * @param key the file with the station's key
 * @param head SHA-256, hex, of the last line of the hand-over
 * @returns the folder into which it was received last, if any
 */
export function receivedInto(key: string, head: string): string | undefined {
  return linesOf(key).findLast((line) => line.head === head)?.dir
}

/** Remembers it, durably; where the folder of the key cannot be written, as on a write-protected medium, not at all. */
export function rememberReceived(key: string, head: string, dir: string): void {
  const lines = [...linesOf(key).filter((line) => line.head !== head), { head, dir: realpathSync(dir) }]
  try {
    writeDurably(join(dirname(key), FILE), Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')))
  } catch (error) {
    if (!['EROFS', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

function linesOf(key: string): { head: string; dir: string }[] {
  const file = join(dirname(key), FILE)
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  return lines.flatMap((line) => {
    const [, head, dir] = /^\{"head":"([0-9a-f]{64})","dir":("(?:[^"\\]|\\.)*")\}$/.exec(line) ?? []
    return head && dir ? [{ head, dir: JSON.parse(dir) as string }] : []
  })
}
