import type { Node } from 'yaml'
import { frame } from './frame.ts'
import type { Finding, Position } from './model.ts'
import { type Trail, walk } from './yaml-data.ts'

/** A runbook's text with its tree: turns offsets and paths into findings that point into the file. */
export class Source {
  readonly file: string
  readonly text: string
  readonly root: Node | null
  readonly #lineStarts: readonly number[]

  constructor(file: string, text: string, root: Node | null) {
    this.file = file
    this.text = text
    this.root = root
    const starts = [0]
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
    this.#lineStarts = starts
  }

  position(offset: number): Position {
    let low = 0
    let high = this.#lineStarts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#lineStarts[middle]! <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - this.#lineStarts[low]! + 1 }
  }

  /** Where the value at a path begins; for a path that leads nowhere, the nearest thing above it. */
  value(path: Trail): number {
    return walk(this.root, path).value?.range?.[0] ?? 0
  }

  /** Where the key at the end of a path stands. */
  key(path: Trail): number {
    const { key, value } = walk(this.root, path)
    return (key ?? value)?.range?.[0] ?? 0
  }

  /**
   * Where a piece of a string value stands in the file: exact while the file holds it as it is; else (escapes, folded
   * lines) where the nearest recognisable piece before it stands.
   * @param start offset in the string of the expression that the place lies in
   * @param within offset inside that expression
   */
  inside(path: Trail, text: string, start: number, within: number): number {
    const node = walk(this.root, path).value
    if (!node?.range) return 0
    const [from, to] = node.range
    const raw = this.text.slice(from, to)
    const begin = sameOpening(raw, text, start)
    if (begin < 0) return from
    const piece = text.slice(start, start + within)
    return from + begin + (raw.startsWith(piece, begin) ? within : 0)
  }

  finding(severity: Finding['severity'], code: string, offset: number, message: string, advice?: string): Finding {
    const position = this.position(offset)
    const begin = this.#lineStarts[position.line - 1]!
    const end = this.#lineStarts[position.line] ?? this.text.length
    const line = this.text.slice(begin, end).replace(/\r?\n$/, '')
    return {
      severity,
      code,
      file: this.file,
      position,
      message,
      ...(advice === undefined ? {} : { advice }),
      frame: frame(line, position),
    }
  }
}

/** Finds in the raw text of a scalar the place that `start` is in its value: behind as many `${{` as in the value. */
function sameOpening(raw: string, text: string, start: number): number {
  const lead = text.slice(start).match(/^\S+/)?.[0]
  if (lead === undefined) return -1
  const opened = text.slice(0, start).split('${{').length - 1
  let at = 0
  for (let i = 0; i < opened; i++) {
    const next = raw.indexOf('${{', at)
    if (next < 0) return -1
    at = next + 3
  }
  if (opened === 0) return raw.indexOf(lead)
  while (/\s/.test(raw[at] ?? '')) at++
  return at
}
