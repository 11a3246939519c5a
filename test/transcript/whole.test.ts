import { expect, test } from 'vitest'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { abortedPlan, plan, rulesOf, SHORT_RUNBOOK, troubledPlan, write, writeShort } from './sample.ts'

test('a transcript with a step of every kind holds', async () => {
  const result = await verifyTranscript(await write(plan()))
  expect(rulesOf(result)).toEqual([])
  expect(result).toMatchObject({ ok: true, closed: true, entries: 22, mode: 'rehearsal', trusted: false, warnings: [] })
})

test('the short one holds too', async () => {
  expect(rulesOf(await verifyTranscript(await writeShort()))).toEqual([])
})

test('one with an interruption, a failure and a waiver holds, and one that was given up', async () => {
  expect(await verifyTranscript(await write(troubledPlan(), SHORT_RUNBOOK))).toMatchObject({ ok: true, closed: true, findings: [] })
  expect(await verifyTranscript(await write(abortedPlan(), SHORT_RUNBOOK))).toMatchObject({ ok: true, closed: true, findings: [] })
})
