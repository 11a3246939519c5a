import { appendFileSync, mkdtempSync, readFileSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { asReplayed, Recording } from '../../engine/src/capability/recording.ts'
import { remove } from '../e2e/rehearsal.ts'

let dir: string
let file: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'recording-'))
  file = join(dir, 'exchanges.open.jsonl')
  const recording = new Recording(file)
  recording.begin({ what: 'run', action: 'a/b', seed: '' }, 1)
  recording.write({ ask: 1, door: 'http', request: { method: 'GET' }, after: 0, time: 2 })
  recording.write({ answer: 1, ok: true, value: null, time: 3 })
})
afterEach(() => remove(dir))

describe('a recording that a crash left', () => {
  test('is gone on with', () => {
    const whole = readFileSync(file)
    const recording = new Recording(file)
    expect(recording.finish()).toEqual({ bytes: whole, count: 3 })
    recording.write({ withdrawn: 2, time: 4 })
    expect(recording.finish()?.count).toBe(4)
  })

  test.each([
    ['half a line', (whole: Buffer) => truncateSync(file, whole.length - 5), 2],
    ['zeros, with a newline in them', () => appendFileSync(file, Buffer.from('\0\0\0\n\0\0\n')), 3],
    ['half a line, and one behind it', () => appendFileSync(file, '{"answer":\n{"withdrawn":2,"time":4}\n'), 3],
  ])('loses what is no line: %s', (_, damage, count) => {
    const whole = readFileSync(file)
    damage(whole)
    const recorded = new Recording(file).finish()
    expect(recorded?.count).toBe(count)
    expect(Buffer.from(recorded!.bytes).toString().split('\n')).toHaveLength(count + 1)
    expect(whole.includes(Buffer.from(recorded!.bytes))).toBe(true)
    expect(readFileSync(file)).toEqual(Buffer.from(recorded!.bytes))
  })

  test('that cannot be written any more takes nothing behind the gap', () => {
    const recording = new Recording(join(dir, 'missing', 'exchanges.open.jsonl'))
    expect(() => recording.write({ withdrawn: 1, time: 1 })).toThrow(expect.objectContaining({ name: 'StorageError', code: 'ENOENT' }))
    expect(() => recording.finish()).toThrow('could not be written')
  })
})

test('what a plugin gets back has the names that were recorded, whatever was read before', () => {
  for (const before of ['\\', '\n', 'a'])
    for (const name of ['\n', '"', '\t', '\\', '__proto__'])
      for (const each of [before, name]) expect(Object.keys(asReplayed({ '!': 1, [each]: [each] }) as object)).toEqual(['!', each].sort())
})
