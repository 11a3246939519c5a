import { expect, test } from 'vitest'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { plan, rulesOf, write, writeShort } from './sample.ts'

test('a transcript with a step of every kind holds', async () => {
  const result = await verifyTranscript(await write(plan()))
  expect(rulesOf(result)).toEqual([])
  expect(result).toMatchObject({ ok: true, closed: true, entries: 22, mode: 'rehearsal', trusted: false, warnings: [] })
})

test('the short one holds too', async () => {
  expect(rulesOf(await verifyTranscript(await writeShort()))).toEqual([])
})
