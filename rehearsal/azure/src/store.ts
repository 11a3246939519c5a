/**
 * What the twin knows, on disk before any answer. A journal (`state.jsonl`): one line for one change, synced before it counts,
 * so a kill at any moment leaves either the whole change or nothing of it. `effects.jsonl` tells the same story without the data.
 */
import { existsSync, fdatasyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from './clock.ts'

/** Who changed what; `operation` is like `key/import`, `resource` an id that means something outside. */
export interface Effect {
  readonly principal: string
  readonly operation: string
  readonly resource: string
}

/** One row to be written or (null) removed. */
export interface Change {
  readonly table: string
  readonly key: string
  readonly row: unknown
}

/** Rows by key. They are values: to change one, put another in its place. */
export interface Table<T> {
  get(key: string): T | undefined
  rows(): T[]
  keys(): string[]
  put(key: string, row: T): Change
  remove(key: string): Change
}

export interface Store {
  /** The twin's folder, for a service's own files. */
  readonly dir: string
  table<T>(name: string): Table<T>
  /** Makes the changes, all or none, and writes them and the effect to disk before it returns. */
  commit(effect: Effect, ...changes: Change[]): void
}

interface Line {
  readonly sequence: number
  readonly effect: Effect & { readonly time: string }
  readonly changes: readonly Change[]
}

/** Opens the store in `dir`, making it if it is new, and goes on after the last whole line. */
export function openStore(dir: string, clock: Clock): Store {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const tables = new Map<string, Map<string, unknown>>()
  const rowsOf = (table: string): Map<string, unknown> => {
    let rows = tables.get(table)
    if (!rows) {
      rows = new Map()
      tables.set(table, rows)
    }
    return rows
  }
  const apply = (line: Line): void => {
    for (const { table, key, row } of line.changes) {
      if (row === null) rowsOf(table).delete(key)
      else rowsOf(table).set(key, row)
    }
  }

  const journal = openLines<Line>(join(dir, 'state.jsonl'))
  const effects = openLines<Effect & { sequence: number }>(join(dir, 'effects.jsonl'))
  for (const line of journal.lines) apply(line)
  // A kill may have come between the two files; the journal is the one that counts.
  for (const line of journal.lines.slice(effects.lines.length)) effects.append({ sequence: line.sequence, ...line.effect })

  let sequence = journal.lines.length
  return {
    dir,
    table: <T>(name: string): Table<T> => ({
      get: (key) => rowsOf(name).get(key) as T | undefined,
      rows: () => [...rowsOf(name).values()] as T[],
      keys: () => [...rowsOf(name).keys()],
      put: (key, row) => ({ table: name, key, row }),
      remove: (key) => ({ table: name, key, row: null }),
    }),
    commit(effect, ...changes) {
      const line: Line = { sequence, effect: { time: new Date(clock.now()).toISOString(), ...effect }, changes }
      const text = journal.append(line)
      // What a restart would read is what counts from now on.
      apply(JSON.parse(text) as Line)
      effects.append({ sequence, ...line.effect })
      sequence++
    },
  }
}

/** A file of JSON lines that only grows; half a line at its end (a kill, a full disk) is cut off. */
function openLines<T>(file: string): { readonly lines: T[]; append(value: T): string } {
  const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0)
  let size = bytes.lastIndexOf(10) + 1
  const descriptor = openSync(file, 'a', 0o600)
  if (size < bytes.length) ftruncateSync(descriptor, size)
  const text = bytes.subarray(0, size).toString('utf8')
  return {
    lines: text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T),
    append(value) {
      const line = JSON.stringify(value)
      try {
        writeFileSync(descriptor, `${line}\n`)
        fdatasyncSync(descriptor)
      } catch (error) {
        ftruncateSync(descriptor, size)
        throw error
      }
      size += Buffer.byteLength(line) + 1
      return line
    },
  }
}
