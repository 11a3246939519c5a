/** Text laid out for a screen of at least 80 columns: wrapped words, labels with what belongs to them, data as rows. */
import { printable } from './printable.ts'

/** What a person takes in at once. */
const MAX_WIDTH = 100
const LABEL = 14
const MAX_VALUE = 240
const MAX_ROWS = 40

/** @returns the text in lines of at most so many characters, each behind the indent */
export function wrap(text: string, width: number, indent = ''): string[] {
  const room = Math.max(20, Math.min(width, MAX_WIDTH) - indent.length - 1)
  return text
    .trimEnd()
    .split('\n')
    .flatMap((paragraph) => {
      const lines: string[] = []
      let line = ''
      for (const word of printable(paragraph).split(' ')) {
        if (line !== '' && line.length + 1 + word.length > room) {
          lines.push(line)
          line = ''
        }
        line = line === '' ? word : `${line} ${word}`
        while (line.length > room) {
          lines.push(line.slice(0, room))
          line = line.slice(room)
        }
      }
      return [...lines, line]
    })
    .map((line) => `${indent}${line}`.trimEnd())
}

/** @returns a label and its text beside it */
export function labelled(label: string, text: string, width: number): string[] {
  const [first = '', ...rest] = wrap(text, width, ' '.repeat(LABEL + 2))
  return [`  ${label.padEnd(LABEL)}${first.slice(LABEL + 2)}`.trimEnd(), ...rest]
}

/** @returns data as rows of names and values: names of nested data joined by dots, artifacts in one row */
export function rowsOf(data: unknown): (readonly [string, string])[] {
  const rows = [...flatten('', data)]
  const more = rows.length - MAX_ROWS
  return more > 0 ? [...rows.slice(0, MAX_ROWS), ['…', `${more} more; all of it is in the transcript`]] : rows
}

function* flatten(name: string, data: unknown): Generator<readonly [string, string]> {
  if (data === null || data === undefined) return
  if (typeof data !== 'object') {
    const text = String(data)
    yield [name, text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}… (${text.length} characters)` : text]
    return
  }
  const artifact = data as { name?: unknown; sha256?: unknown; size?: unknown }
  if (typeof artifact.sha256 === 'string' && typeof artifact.size === 'number' && typeof artifact.name === 'string') {
    yield [name, `${artifact.name}, ${artifact.size} bytes, SHA-256 ${artifact.sha256.slice(0, 16)}…`]
    return
  }
  if (Array.isArray(data) && data.every((item) => typeof item !== 'object')) {
    yield [name, data.join(', ')]
    return
  }
  for (const [key, value] of Object.entries(data)) yield* flatten(name === '' ? key : `${name}.${key}`, value)
}

/** @returns milliseconds in words: `350 ms`, `12 s`, `9 min 30 s` */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds} ms`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min${seconds % 60 ? ` ${seconds % 60} s` : ''}`
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ''}`
}
