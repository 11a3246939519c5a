import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { writeReport } from '../../engine/src/report/report.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { writeByok } from './byok.ts'
import { browserForTests, checked } from './chromium.ts'

const open = browserForTests()
let dir: string
let file: string

beforeAll(async () => {
  dir = await writeByok()
  file = join(dir, 'report.html')
  writeReport(dir, file)
})

describe('the report of a ceremony', () => {
  test('is of a transcript that verifies', async () => {
    const { findings, closed } = await verifyTranscript(dir)
    expect(findings).toEqual([])
    expect(closed).toBe(true)
  })

  test('is written in less than a second', () => {
    const started = performance.now()
    writeReport(dir, join(dir, 'again.html'))
    expect(performance.now() - started).toBeLessThan(1000)
  })

  test('opens from a file, checks the transcript itself, and asks nothing of anyone', async () => {
    const { page, requests, said } = await open(file)
    expect(await checked(page)).toBe('holds')
    expect(await page.textContent('#verdict')).toContain('This transcript holds')
    expect(requests).toEqual([expect.stringMatching(/^file:.*report\.html$/)])
    expect(said).toEqual([])
  })
})
