/** Files that survive a power cut: written whole or not at all, and on disk when the function returns. */
import { closeSync, fsyncSync, openSync, readSync, renameSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CanonicalError } from './canonical.ts'

/** Ending of a file that is still being written; one that is found later is what a crash left. */
export const UNFINISHED = '.new'

/** Writes a file so that after a crash it is there whole or not at all. */
export function writeDurably(path: string, bytes: Uint8Array): void {
  const temporary = path + UNFINISHED
  const file = openSync(temporary, 'w', 0o644)
  try {
    writeFileSync(file, bytes)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  syncFolder(dirname(path))
}

/** Makes sure that names which were added to a folder, or taken from it, stay so. */
export function syncFolder(dir: string): void {
  const folder = openSync(dir, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/**
 * Looks for the end of the last whole line, from the end of the file backwards.
 * @returns how many bytes the whole lines take
 */
export function lengthOfLines(file: number, size: number): number {
  const block = Buffer.alloc(Math.min(size, 1 << 16))
  for (let end = size; end > 0; end -= block.length) {
    const from = Math.max(0, end - block.length)
    const read = readSync(file, block, 0, end - from, from)
    const newline = block.subarray(0, read).lastIndexOf(0x0a)
    if (newline >= 0) return from + newline + 1
  }
  return 0
}

/**
 * Reads a file line by line, as bytes without the newline; what stands behind the last newline is left out.
 * @throws CanonicalError for a line longer than `limit`, before it fills the memory
 */
export async function* readLines(path: string, limit: number): AsyncGenerator<Buffer> {
  const file = await open(path, 'r')
  try {
    let parts: Buffer[] = []
    let length = 0
    for await (const chunk of file.createReadStream({ highWaterMark: 1 << 18, autoClose: false })) {
      let data = chunk as Buffer
      for (let end = data.indexOf(0x0a); end >= 0; end = data.indexOf(0x0a)) {
        const tail = data.subarray(0, end)
        yield parts.length > 0 ? Buffer.concat([...parts, tail]) : tail
        parts = []
        length = 0
        data = data.subarray(end + 1)
      }
      if (data.length > 0) parts.push(data)
      length += data.length
      if (length > limit) throw new CanonicalError(`a line longer than ${limit} bytes`)
    }
  } finally {
    await file.close()
  }
}
