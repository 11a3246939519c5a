/** Files that are either wholly there after a crash, or not at all. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Puts the text in the file's place: on disk before the name is, and the name on disk before this returns. */
export function writeDurably(path: string, text: string): void {
  const draft = `${path}.${process.pid}.new`
  const file = openSync(draft, 'w', 0o600)
  writeSync(file, text)
  fsyncSync(file)
  closeSync(file)
  renameSync(draft, path)
  syncFolder(dirname(path))
}

/** Adds a line to a file and waits until it is on disk. */
export function appendDurably(path: string, line: string): void {
  const file = openSync(path, 'a', 0o600)
  writeSync(file, `${line}\n`)
  fsyncSync(file)
  closeSync(file)
}

export function writeJson(path: string, value: unknown): void {
  writeDurably(path, `${JSON.stringify(value, null, 2)}\n`)
}

/** @returns what the file holds, or undefined if there is none */
export function readJson<T>(path: string): T | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  fsyncSync(folder)
  closeSync(folder)
}
