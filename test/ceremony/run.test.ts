import { expect, test } from 'vitest'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { entriesOf, remove } from '../e2e/rehearsal.ts'
import { carry, layOut } from './small.ts'

test('a small ceremony runs to its end, and its transcript holds', async () => {
  const dir = await layOut()
  await carry(dir)
  const kinds = entriesOf(dir).map((entry) => `${entry.kind} ${entry.step ?? ''} ${entry.instance ?? ''}`.trim())
  expect(kinds).toEqual([
    'opened',
    'arrived',
    ...['intent begin', 'outcome begin'],
    ...['intent each one', 'outcome each one', 'intent each two', 'outcome each two'],
    ...['intent seven', 'outcome seven'],
    ...['intent over', 'handed-over', 'received', 'arrived', 'outcome over'],
    'skipped never',
    ...['intent write-down', 'outcome write-down'],
    'closed',
  ])
  expect(await verifyTranscript(dir)).toMatchObject({ ok: true, closed: true, findings: [] })
  remove(dir)
})
