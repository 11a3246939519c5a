/**
 * The one file by which a ceremony moves from station to station: a tar archive (POSIX ustar) that holds the transcript
 * and the artifacts, and nothing else. It is read strictly: every header must be, byte for byte, the one that is written
 * here for such a name and such a size, so there is no room for links, paths, owners or anything that is not looked at.
 */
import { createHash, type Hash } from 'node:crypto'
import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { syncFolder, UNFINISHED } from '../transcript/files.ts'
import { expectWhole, storing } from '../transcript/storage-error.ts'

const BLOCK = 512
const END = 2 * BLOCK
/** Far beyond any ceremony, and within what a station's memory and disk hold. */
const LIMITS = { bundle: 1024 ** 3, file: 256 * 1024 ** 2, files: 100_000 }
const NAME = /^(transcript\.intoto\.jsonl|artifacts\/sha256\/[0-9a-f]{64})$/

/** A file that is no bundle, or not a whole one. */
export class BundleError extends Error {
  override readonly name = 'BundleError'
}

export interface BundledFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/**
 * Writes a bundle, syncs it, and reads it again: a medium may lose what it has taken.
 * @param path is replaced as a whole, or left as it was
 * @returns SHA-256, hex, of the bundle
 * @throws StorageError when the medium does not take it
 * @throws BundleError when it does not give back what it took
 */
export function writeBundle(path: string, files: Iterable<BundledFile>): string {
  const digest = storing(path, () => {
    const temporary = path + UNFINISHED
    const file = openSync(temporary, 'w', 0o644)
    const hash = createHash('sha256')
    try {
      for (const { name, bytes } of files) {
        append(file, path, hash, headerOf(name, bytes.length))
        append(file, path, hash, bytes)
        append(file, path, hash, new Uint8Array(paddingOf(bytes.length)))
      }
      append(file, path, hash, new Uint8Array(END))
      fsyncSync(file)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
    syncFolder(dirname(resolve(path)))
    return hash.digest('hex')
  })
  if (digestOfBundle(path) !== digest) throw new BundleError(`${path} does not hold what was written to it`)
  return digest
}

/** @returns SHA-256, hex, of a bundle. @throws BundleError for what is too large, or no file */
export function digestOfBundle(path: string): string {
  const hash = createHash('sha256')
  withFile(path, (file, size) => {
    for (let at = 0; at < size; at += 1 << 20) hash.update(take(file, at, Math.min(1 << 20, size - at)))
  })
  return hash.digest('hex')
}

/**
 * Reads a bundle file by file. Bytes under an artifact's name have its digest.
 * @param each is given every file, once; the transcript is among them
 * @throws BundleError naming what is wrong
 */
export function readBundle(path: string, each: (file: BundledFile) => void): void {
  withFile(path, (file, size) => {
    const seen = new Set<string>()
    let at = 0
    for (; at + BLOCK < size; ) {
      const header = take(file, at, BLOCK)
      if (header.every((byte) => byte === 0)) break
      const { name, length } = readHeader(header, at)
      if (seen.has(name)) throw new BundleError(`${name} is in it twice`)
      seen.add(name)
      if (seen.size > LIMITS.files) throw new BundleError(`more than ${LIMITS.files} files`)
      const padded = length + paddingOf(length)
      if (at + BLOCK + padded + END > size) throw new BundleError(`it ends in the midst of ${name}; was the medium pulled out too early?`)
      const bytes = take(file, at + BLOCK, padded)
      if (bytes.subarray(length).some((byte) => byte !== 0)) throw new BundleError(`something is hidden behind ${name}`)
      const content = bytes.subarray(0, length)
      const digest = name.startsWith('artifacts/') ? name.slice(-64) : undefined
      if (digest !== undefined && createHash('sha256').update(content).digest('hex') !== digest)
        throw new BundleError(`the bytes of ${name} are not those that its name says`)
      each({ name, bytes: content })
      at += BLOCK + padded
    }
    if (size - at !== END || take(file, at, END).some((byte) => byte !== 0))
      throw new BundleError('it does not end as a bundle ends; was the medium pulled out too early?')
    if (!seen.has('transcript.intoto.jsonl')) throw new BundleError('there is no transcript in it')
  })
}

function withFile(path: string, read: (file: number, size: number) => void): void {
  // Not to wait for ever at what is a pipe.
  const file = openSync(path, 'r')
  try {
    const about = fstatSync(file)
    if (!about.isFile()) throw new BundleError(`${path} is not a file`)
    if (about.size > LIMITS.bundle) throw new BundleError(`it has ${about.size} bytes; ${LIMITS.bundle} are allowed`)
    read(file, about.size)
  } finally {
    closeSync(file)
  }
}

function append(file: number, path: string, hash: Hash, bytes: Uint8Array): void {
  if (bytes.length === 0) return
  expectWhole(path, writeSync(file, bytes), bytes.length)
  hash.update(bytes)
}

function take(file: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let read = 0
  while (read < length) {
    const more = readSync(file, bytes, read, length - read, at + read)
    if (more === 0) throw new BundleError('it ends too early; was the medium pulled out too early?')
    read += more
  }
  return bytes
}

const paddingOf = (length: number): number => (BLOCK - (length % BLOCK)) % BLOCK

/** @returns the header of a plain file: owned by root, dated 1970, so that the same ceremony makes the same bundle */
function headerOf(name: string, length: number): Buffer {
  if (!NAME.test(name) || length > LIMITS.file) throw new BundleError(`${name} (${length} bytes) has no place in a bundle`)
  const header = Buffer.alloc(BLOCK)
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`
  header.write(name, 0)
  header.write(octal(0o644, 7) + octal(0, 7) + octal(0, 7) + octal(length, 11) + octal(0, 11), 100)
  header.write('        0', 148)
  header.write('ustar\x0000root', 257)
  header.write('root', 297)
  header.write(octal(0, 7) + octal(0, 7), 329)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

function readHeader(header: Buffer, at: number): { name: string; length: number } {
  const name = header.toString('latin1', 0, 100).replace(/\0+$/, '')
  const length = Number.parseInt(header.toString('latin1', 124, 135), 8)
  const isPlain = NAME.test(name) && length >= 0 && length <= LIMITS.file && headerOf(name, length).equals(header)
  if (!isPlain) throw new BundleError(`at byte ${at} stands ${JSON.stringify(name.slice(0, 100))}, which has no place in a bundle`)
  return { name, length }
}
