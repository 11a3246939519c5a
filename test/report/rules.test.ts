/** Transcripts whose every signature is good, and which are wrong in one place: the page names the rule that `verify` names. */
import { describe, expect, test } from 'vitest'
import { checkTranscript } from '../../engine/src/report/browser/check.ts'
import { gather } from '../../engine/src/report/gather.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { arrived, type Planned, plan, write } from '../transcript/sample.ts'

async function rulesOf(change: (entries: Planned[]) => void): Promise<{ page: string[]; verify: string[] }> {
  const entries = plan()
  change(entries)
  const dir = await write(entries)
  const { about, transcript, artifacts } = gather(dir)
  const held = new Map([...artifacts].map(([sha256, bytes]) => [sha256, { sha256, bytes: new Uint8Array(bytes) }]))
  const embedded = { about: { version: '0', ...about }, transcript: new Uint8Array(transcript), artifacts: held }
  const { findings } = await checkTranscript(embedded, () => {})
  const verified = await verifyTranscript(dir)
  return { page: findings.map(({ rule, line }) => `${rule} ${line}`), verify: verified.findings.map(({ rule, line }) => `${rule} ${line}`) }
}

const body = (entry: Planned | undefined): Record<string, unknown> => entry!.body as unknown as Record<string, unknown>

describe('a re-signed transcript', () => {
  test('that is right holds', async () => {
    expect(await rulesOf(() => {})).toEqual({ page: [], verify: [] })
  })

  test.each<[string, string, (entries: Planned[]) => void]>([
    ['an intent with too few officers', 'quorum/distinct 3', (entries) => entries[2]!.by.pop()],
    [
      'an intent authorised in the wrong role',
      'signer/role 3',
      (entries) => Object.assign(entries[2]!, { by: ['officer-1', 'witness-1'] }),
    ],
    ['an outcome that nobody witnessed', 'quorum/distinct 4', (entries) => Object.assign(entries[3]!, { by: [] })],
    ['one person for two seats', 'quorum/distinct 21', (entries) => Object.assign(entries[20]!, { by: ['officer-3'] })],
    ['somebody who may not sign again', 'signer/not-same-as 20', (entries) => Object.assign(entries[19]!, { by: ['officer-1'] })],
    ['an opening that not everyone signed', 'quorum/everyone 1', (entries) => entries[0]!.by.pop()],
    ['a deviation that its speaker did not sign', 'signer/officer 19', (entries) => Object.assign(entries[18]!, { by: ['officer-1'] })],
    ['an officer before the station', 'signature/station 5', (entries) => Object.assign(entries[4]!, { station: 'officer-1' })],
    ['a station without the baton', 'station/baton 5', (entries) => Object.assign(entries[4]!, { station: 'desk' })],
    [
      'a station that shows a network',
      'station/network 2',
      (entries) => Object.assign(body(entries[1]).evidence as object, { network: [{ interface: 'eth0' }] }),
    ],
    ['work before arriving', 'station/arrived 3', (entries) => void entries.splice(1, 1)],
    ['another arrival is no harm, but the counts are', 'closed/counts 23', (entries) => void entries.splice(2, 0, arrived('room'))],
    ['a hand-over that no step asked for', 'station/hand-over 8', (entries) => Object.assign(body(entries[7]), { to: 'room' })],
    ['another action', 'step/action 3', (entries) => Object.assign(body(entries[2]), { action: 'nothing/else' })],
    ['an attempt too many', 'step/attempt 3', (entries) => Object.assign(body(entries[2]), { attempt: 2 })],
    ['the instances the other way round', 'step/order 12', (entries) => Object.assign(body(entries[11]), { instance: 'two' })],
    ['a step skipped that has no condition', 'step/when 16', (entries) => Object.assign(body(entries[15]), { when: 'true' })],
    ['an assertion that did not hold', 'step/outputs 6', (entries) => Object.assign(body(entries[5]), { outputs: { checks: [] } })],
    ['a condition that never held', 'step/until 18', (entries) => Object.assign(body(entries[17]), { attempts: [] })],
    ['an outcome of another intent', 'step/outcome 4', (entries) => Object.assign(body(entries[3]), { intent: 1 })],
    ['a failure with outputs', 'outcome/result 4', (entries) => Object.assign(body(entries[3]), { result: 'failed' })],
    [
      'recordings of another length',
      'artifact/exchanges 4',
      (entries) => Object.assign(body(entries[3]).exchanges as object, { count: 3 }),
    ],
    ['a closing that counts wrong', 'closed/counts 22', (entries) => Object.assign(body(entries[21]), { steps_done: 8 })],
    ['an entry after the closing', 'chain/closed 23', (entries) => void entries.push(arrived('desk'))],
    ['a time that goes back', 'chain/time 5', (entries) => Object.assign(entries[4]!, { time: '2020-01-01T00:00:00.000Z' })],
    ['another mode', 'chain/mode 5', (entries) => Object.assign(entries[4]!, { mode: 'production' })],
    [
      'another title than the runbook’s',
      'opened/runbook 1',
      (entries) => Object.assign(body(entries[0]).runbook as object, { title: 'Another' }),
    ],
  ])('%s', async (_, finding, change) => {
    const { page, verify } = await rulesOf(change)
    expect(page).toContain(finding)
    expect(verify).toContain(finding)
  })
})
