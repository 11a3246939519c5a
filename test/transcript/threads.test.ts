import { readFileSync, writeFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { writeLongTranscript } from '../../bench/long-transcript.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { folder, linesOf, rewrite, rulesOf, transcriptOf } from './sample.ts'

/** Long enough that threads are worth their start. */
const ENTRIES = 4000
let dir: string
let bytes: Buffer
let lines: readonly string[]
beforeAll(() => {
  dir = folder()
  writeLongTranscript(dir, ENTRIES)
  bytes = readFileSync(transcriptOf(dir))
  lines = linesOf(dir)
  expect(bytes.length).toBeGreaterThan(4_000_000)
})

test('a long transcript holds', async () => {
  expect(await verifyTranscript(dir)).toMatchObject({ ok: true, closed: true, entries: lines.length, findings: [], warnings: [] })
})

test('what is wrong with any line of it is found at that line', async () => {
  for (const line of [2, 2000, lines.length]) {
    const at = bytes.indexOf(lines[line - 1]!.slice(0, 900)) + 850
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1
    writeFileSync(transcriptOf(dir), changed)
    const { findings } = await verifyTranscript(dir)
    expect(findings.map((finding) => finding.line)).toContain(line)
  }
  rewrite(dir, lines.toSpliced(1999, 1))
  expect(rulesOf(await verifyTranscript(dir))).toEqual(expect.arrayContaining(['chain/previous 2000', 'chain/sequence 2000']))
})

test('a torn end, and a line too long, are found behind thousands of good lines', async () => {
  writeFileSync(transcriptOf(dir), bytes.subarray(0, -10))
  expect(rulesOf(await verifyTranscript(dir))).toEqual(['transcript/torn 0'])
  writeFileSync(transcriptOf(dir), Buffer.concat([bytes, Buffer.alloc(18 * 1024 * 1024, 0x20)]))
  expect(rulesOf(await verifyTranscript(dir))).toEqual([`envelope/size ${lines.length + 1}`])
})

test('lines of many megabytes go through as others do', async () => {
  const long = JSON.stringify({ payload: 'A'.repeat(16 * 1024 * 1024), payloadType: 'application/vnd.in-toto+json', signatures: [] })
  rewrite(dir, [...lines, long, long])
  const rules = rulesOf(await verifyTranscript(dir))
  expect(rules).toEqual([`envelope/canonical ${lines.length + 1}`, `envelope/canonical ${lines.length + 2}`])
})
