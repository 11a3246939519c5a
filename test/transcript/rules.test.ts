import { describe, expect, test } from 'vitest'
import type { Subject } from '../../engine/src/transcript/entry.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import {
  broken,
  EXCHANGES,
  opened,
  type Planned,
  plan,
  RUNBOOK,
  rulesOf,
  SHORT_RUNBOOK,
  sha256,
  shortPlan,
  troubledPlan,
  write,
} from './sample.ts'

/** Signed by all who should sign: only what it says is wrong. */
const body = (entries: Planned[], line: number): Record<string, unknown> => entries[line - 1]!.body as unknown as Record<string, unknown>

describe('identities', () => {
  interface Loose {
    officers: Record<string, string | string[]>[]
    stations: Record<string, object>
    plugins: Record<string, object>
    runbook: object
  }
  const withOpened = (change: (entry: Loose) => void): Promise<string[]> =>
    broken((entries) => {
      entries[0]!.body = opened()
      change(entries[0]!.body as unknown as Loose)
    })

  test('a key that stands for two people', async () => {
    const rules = await withOpened(({ officers }) => {
      officers[1] = { ...officers[0], name: 'officer-2' }
    })
    expect(rules).toContain('opened/identity 1')
  })

  test('a name that two people share', async () => {
    expect(await withOpened(({ officers }) => void Object.assign(officers[1]!, { name: 'officer-1' }))).toContain('opened/identity 1')
  })

  test('an officer with the key of a station', async () => {
    const rules = await withOpened(({ officers, stations }) => void Object.assign(officers[1]!, stations.desk))
    expect(rules).toContain('opened/identity 1')
  })

  test('a fingerprint that is not the key’s', async () => {
    const rules = await withOpened(({ officers }) => void Object.assign(officers[3]!, { keyid: sha256('x') }))
    expect(rules).toContain('opened/keyid 1')
  })

  test('a key of another kind, something else than a key, or a key with a tail', async () => {
    for (const spoil of [() => 'no key', () => '', (pem: string) => `${pem}\n# and more`, (pem: string) => pem.replace(/\n$/, '')]) {
      const rules = await withOpened(
        ({ officers }) => void Object.assign(officers[3]!, { public_key: spoil(String(officers[3]!.public_key)) }),
      )
      expect(rules).toContain('opened/key 1')
    }
  })

  test('too few people in a role, a station too many, another plugin version, wrong parameters', async () => {
    const alone = (entries: Planned[]): void => {
      Object.assign(entries[0]!, { by: ['officer-1', 'officer-2'] })
      ;(body(entries, 1).officers as unknown[]).splice(2)
    }
    expect(await broken(alone)).toContain('opened/roles 1')
    expect(await withOpened(({ stations }) => void Reflect.deleteProperty(stations, 'desk'))).toContain('opened/stations 1')
    expect(await withOpened(({ plugins }) => void Object.assign(plugins.nothing!, { version: '2.0.0' }))).toContain('opened/plugins 1')
    expect(await withOpened(({ plugins }) => void Object.assign(plugins, { more: plugins.nothing }))).toContain('opened/plugins 1')
    expect(await withOpened((entry) => void Object.assign(entry, { parameters: { numbers: 7 } }))).toContain('opened/parameters 1')
    expect(await withOpened((entry) => void Object.assign(entry, { parameters: {} }))).toContain('opened/parameters 1')
  })

  test('another title than the runbook’s', async () => {
    expect(await withOpened(({ runbook }) => void Object.assign(runbook, { title: 'Another' }))).toContain('opened/runbook 1')
  })

  test('a runbook with errors is not gone by', async () => {
    const source = SHORT_RUNBOOK.replace('crypto-officer: 2 }', 'nobody: 2 }')
    const entries = shortPlan()
    const digest = sha256(source)
    entries[0]!.subjects = [{ name: 'runbook.yaml', digest: { sha256: digest } }]
    Object.assign(body(entries, 1).runbook as object, { sha256: digest })
    expect(rulesOf(await verifyTranscript(await write(entries, source)))).toContain('opened/runbook 1')
  })

  test('an unattended ceremony, or one on a fast clock, that calls itself production', async () => {
    for (const about of [{ unattended: true }, { unattended: false, clock_scale: 120 }]) {
      const rules = await broken((entries) => {
        Object.assign(body(entries, 1), about)
        for (const entry of entries) entry.mode = 'production'
      })
      expect(rules).toEqual(['opened/production 1'])
    }
  })
})

describe('the chain', () => {
  test('a rehearsal that turns into production', async () => {
    expect(await broken((entries) => void Object.assign(entries[21]!, { mode: 'production' }))).toEqual(['chain/mode 22'])
  })

  test('time that goes back, and a date that no calendar has', async () => {
    expect(await broken((entries) => void Object.assign(entries[5]!, { time: '2026-01-02T03:04:01.000Z' }))).toEqual(['chain/time 6'])
    expect(await broken((entries) => void Object.assign(entries[21]!, { time: '2026-02-30T03:04:01.000Z' }))).toEqual(['chain/time 22'])
  })

  test('an entry after the end, and a second opening', async () => {
    expect(await broken((entries) => void entries.push(entries[18]!))).toContain('chain/closed 23')
    expect(await broken((entries) => void entries.splice(2, 0, entries[0]!))).toContain('chain/opened 3')
  })

  test('a transcript without an opening entry, or without any', async () => {
    expect(rulesOf(await verifyTranscript(await write(plan().slice(1))))).toEqual(
      expect.arrayContaining(['chain/opened 1', 'signature/unknown-key 1']),
    )
    expect(rulesOf(await verifyTranscript(await write([])))).toEqual(['transcript/empty 0'])
  })
})

describe('signers', () => {
  const signedBy = (line: number, by: Planned['by']): Promise<string[]> =>
    broken((entries) => void Object.assign(entries[line - 1]!, { by }))

  test('an officer without the role', async () => {
    expect(await signedBy(3, ['officer-1', 'witness-1'])).toEqual(['signer/role 3'])
  })

  test('too few, and nobody', async () => {
    expect(await signedBy(3, ['officer-1'])).toEqual(['quorum/distinct 3'])
    expect(await signedBy(3, [])).toEqual(['quorum/distinct 3'])
    expect(await signedBy(4, [])).toEqual(['quorum/distinct 4'])
  })

  test('one key twice for a quorum of two', async () => {
    expect(await signedBy(3, ['officer-1', 'officer-1'])).toEqual(['signature/twice 3'])
  })

  test('one person with two roles who should be two people', async () => {
    expect(await signedBy(21, ['officer-3'])).toEqual(['quorum/distinct 21'])
  })

  test('more than needed is welcome', async () => {
    expect(await signedBy(3, ['officer-1', 'officer-2', 'officer-3', 'witness-1'])).toEqual(['signer/not-same-as 20'])
    expect(await signedBy(4, ['officer-1', 'officer-3', 'witness-1'])).toEqual([])
  })

  test('the same people where the runbook wants others', async () => {
    expect(await signedBy(20, ['officer-1'])).toEqual(['signer/not-same-as 20'])
  })

  test('an opening or a closing that somebody did not sign', async () => {
    expect(await signedBy(1, ['officer-1', 'officer-2', 'officer-3'])).toEqual(['quorum/everyone 1'])
    expect(await signedBy(22, ['officer-1', 'officer-2', 'witness-1'])).toEqual(['quorum/everyone 22'])
  })

  test('a waiver that somebody did not sign', async () => {
    const waive = (by: Planned['by']) =>
      broken(
        (entries) => void Object.assign(entries[1]!, { by }, Object.assign(body(entries, 2), { waiver: { reason: 'a rehearsal' } }) && {}),
      )
    expect(await waive(['officer-1'])).toEqual(['quorum/everyone 2'])
    expect(await waive(['officer-1', 'officer-2', 'officer-3', 'witness-1'])).toEqual([])
  })

  test('a deviation in another’s name', async () => {
    expect(await signedBy(19, ['officer-1'])).toEqual(['signer/officer 19'])
  })

  test('a station where an officer should sign, or an officer where the station should', async () => {
    expect(await signedBy(3, ['officer-1', 'officer-2', 'desk'])).toEqual(['signature/officer 3'])
    expect(await broken((entries) => void Object.assign(entries[2]!, { station: 'officer-3' }))).toContain('signature/station 3')
  })
})

describe('stations', () => {
  test('an entry of a station that does not hold the baton', async () => {
    expect(await broken((entries) => void Object.assign(entries[4]!, { station: 'desk' }))).toContain('station/baton 5')
  })

  test('a baton that moves without a transfer, to another than the step says, or from another than its holder', async () => {
    const moves: Planned[] = [
      { body: { kind: 'handed-over', to: 'desk' }, station: 'room', by: [] },
      { body: { kind: 'received', from: 'room' }, station: 'desk', by: [] },
    ]
    expect(await broken((entries) => void entries.splice(2, 0, ...moves))).toContain('station/hand-over 3')
    expect(await broken((entries) => void Object.assign(body(entries, 8), { to: 'room' }))).toContain('station/hand-over 8')
    expect(await broken((entries) => void Object.assign(body(entries, 9), { from: 'desk' }))).toContain('station/received 9')
    expect(await broken((entries) => void entries.splice(8, 1))).toContain('station/baton 9')
  })

  test('a station that shows its state again', async () => {
    expect(await broken((entries) => void entries.splice(2, 0, entries[1]!))).toContain('station/arrived 3')
  })

  test('work before the station has shown its state', async () => {
    expect(await broken((entries) => void entries.splice(1, 1))).toContain('station/arrived 2')
    expect(await broken((entries) => void entries.splice(9, 1))).toContain('station/arrived 10')
  })

  test('an isolated room whose evidence shows a network, or nothing, and no waiver', async () => {
    for (const evidence of [{ network: [{ interface: 'eth0' }], default_route: false }, { network: [], default_route: true }, {}]) {
      expect(await broken((entries) => void Object.assign(body(entries, 2), { evidence }))).toEqual(['station/network 2'])
    }
  })
})

describe('steps', () => {
  const change = (line: number, about: object): Promise<string[]> => broken((entries) => void Object.assign(body(entries, line), about))

  test('inputs that the runbook does not give', async () => {
    expect(await change(3, { inputs: { number: 8 } })).toEqual(['step/inputs 3'])
    expect(await change(12, { inputs: { number: 7 } })).toEqual(['step/inputs 12'])
  })

  test('another action, another attempt, another instance', async () => {
    expect(await change(3, { action: 'nothing/else' })).toEqual(['step/action 3'])
    expect(await change(3, { attempt: 2 })).toEqual(['step/attempt 3'])
    expect(await change(12, { instance: 'two' })).toContain('step/order 12')
    expect(await change(12, { instance: '__proto__' })).toContain('step/order 12')
    expect(await change(3, { step: 'constructor' })).toContain('step/order 3')
  })

  test('steps that are left out or done in another order', async () => {
    expect(await broken((entries) => void entries.splice(11, 2))).toContain('step/order 12')
    expect(await broken((entries) => void entries.splice(15, 1))).toContain('step/order 16')
  })

  test('a skip where the condition holds, where there is none, or for another condition', async () => {
    const skip = (step: string, when: string): Planned => ({
      body: { kind: 'skipped', step, instance: null, when },
      station: 'room',
      by: [],
    })
    expect(await broken((entries) => void entries.splice(4, 2, skip('seven', 'true')))).toContain('step/when 5')
    expect(await change(16, { when: 'false' })).toEqual(['step/when 16'])
    const runs: Planned[] = [{ ...plan()[16]!, body: { ...(plan()[16]!.body as never as object), step: 'never' } as never }]
    expect(await broken((entries) => void entries.splice(15, 1, ...runs))).toContain('step/when 16')
  })

  test('an outcome without an intent, for another one, or two for one', async () => {
    expect(await broken((entries) => void entries.splice(2, 1))).toContain('step/outcome 3')
    expect(await change(4, { intent: 1 })).toContain('step/outcome 4')
    expect(await broken((entries) => void entries.splice(4, 0, entries[3]!))).toContain('step/outcome 5')
    expect(await broken((entries) => void entries.splice(3, 0, entries[2]!))).toContain('step/intent 4')
  })

  test('an assertion that does not hold', async () => {
    expect(await change(4, { outputs: { number: 8 } })).toContain('step/assert 6')
    expect(await change(6, { outputs: { checks: [] } })).toEqual(['step/outputs 6'])
  })

  test('an `until` that was not reached, or whose attempts say what is not so', async () => {
    const time = '2026-01-02T03:04:05.000Z'
    expect(await change(18, { attempts: null })).toEqual(['step/until 18'])
    expect(await change(18, { attempts: [{ time, holds: false, outputs: { number: 1 } }] })).toEqual(['step/until 18'])
    expect(await change(18, { attempts: [{ time, holds: true, outputs: { number: 1 } }] })).toContain('step/until 18')
    expect(await change(18, { outputs: { number: 1 } })).toEqual(['step/until 18'])
    expect(await change(18, { attempts: [{ time, holds: true, outputs: {} }] })).toContain('step/expression 18')
    expect(await change(4, { attempts: [] })).toEqual(['step/until 4'])
  })

  test('a record that is not what the runbook wants', async () => {
    expect(await change(21, { outputs: { colour: 7 } })).toEqual(['step/record 21'])
    expect(await change(21, { outputs: null })).toEqual(['step/record 21'])
  })

  test('outputs that make an expression fail', async () => {
    expect(await change(4, { outputs: null })).toContain('step/expression 6')
  })

  test('a failure with outputs, or a success with an error', async () => {
    const error = { code: 'a/b', message: '', found: '', expected: '', changed: 'nothing', advice: '' }
    expect(await change(4, { error })).toEqual(['outcome/result 4'])
    expect(await change(4, { result: 'failed' })).toContain('outcome/result 4')
  })

  test('a failed attempt may be followed by a next one', async () => {
    const error = { code: 'a/b', message: '', found: '', expected: '', changed: 'nothing', advice: '' }
    const entries = shortPlan()
    const [, , intent, outcome, closed] = entries as [Planned, Planned, Planned, Planned, Planned]
    const failed: Planned = {
      ...outcome,
      by: [],
      subjects: undefined,
      body: { ...(outcome.body as object), result: 'failed', outputs: null, error } as never,
    }
    const again: Planned = { ...intent, body: { ...(intent.body as object), attempt: 2 } as never }
    const done: Planned = { ...outcome, body: { ...(outcome.body as object), intent: 4 } as never }
    const end: Planned = { ...closed, body: { ...(closed.body as object), entries: 6 } as never }
    expect(rulesOf(await verifyTranscript(await write([...entries.slice(0, 3), failed, again, done, end], SHORT_RUNBOOK)))).toEqual([])
  })

  test('what is said to be found done after a crash needs a resolution that says so, and the other way round', async () => {
    const resolution = (verdict: 'done' | 'not-done', how = 'reconciled'): Planned => ({
      body: {
        kind: 'resolution',
        step: 'make',
        instance: null,
        intent: 2,
        how,
        verdict,
        facts: 'it is there',
        exchanges: { sha256: sha256(EXCHANGES), count: 2 },
      } as never,
      station: 'room',
      by: how === 'officers' ? ['officer-1', 'officer-2'] : [],
    })
    const found = async (resolutions: Planned[], reconciled: boolean): Promise<string[]> => {
      const entries = shortPlan()
      Object.assign(body(entries, 4), { reconciled })
      Object.assign(body(entries, 5), { entries: 4 + resolutions.length })
      return rulesOf(await verifyTranscript(await write(entries.toSpliced(3, 0, ...resolutions), SHORT_RUNBOOK)))
    }
    expect(await found([resolution('done')], true)).toEqual([])
    expect(await found([resolution('not-done')], false)).toEqual([])
    expect(await found([resolution('done', 'officers')], true)).toEqual([])
    expect(await found([{ ...resolution('done', 'officers'), by: ['officer-1'] }], true)).toEqual(['quorum/distinct 4'])
    expect(await found([], true)).toEqual(['outcome/reconciled 4'])
    expect(await found([resolution('done')], false)).toEqual(['outcome/reconciled 5'])
  })

  test('a step without a plugin that is said to be in doubt, or an action that cannot tell whether it was done', async () => {
    const inDoubt = (step: string, intent: number, verdict: string): Planned => ({
      body: { kind: 'resolution', step, instance: null, intent, how: 'reconciled', verdict, facts: '', exchanges: null } as never,
      station: 'room',
      by: [],
    })
    expect(await broken((entries) => void entries.splice(5, 0, inDoubt('seven', 4, 'done')))).toContain('resolution/step 6')
    expect(await broken((entries) => void entries.splice(3, 0, inDoubt('make', 2, 'not-done')))).toContain('step/exchanges 4')
  })

  test('a step that is done after a failure that may have changed something, without asking the world', async () => {
    const unsettled = (changed: string): Promise<string[]> => {
      const entries = troubledPlan().toSpliced(6, 1).toSpliced(3, 1)
      Object.assign(body(entries, 4).error as object, { changed })
      Object.assign(body(entries, 5), { attempt: 2 })
      Object.assign(body(entries, 6), { intent: 4, reconciled: false, exchanges: { sha256: sha256(EXCHANGES), count: 2 } })
      entries[5]!.subjects = shortPlan()[3]!.subjects
      Object.assign(body(entries, 7), { entries: 6 })
      return write(entries, SHORT_RUNBOOK).then(verifyTranscript).then(rulesOf)
    }
    expect(await unsettled('unknown')).toEqual(['resolution/missing 6'])
    expect(await unsettled('nothing')).toEqual([])
  })

  test('what a plugin did without a recording, and a recording of what no plugin did', async () => {
    expect(await change(4, { exchanges: null })).toContain('step/exchanges 4')
    expect(await change(6, { exchanges: { sha256: sha256(EXCHANGES), count: 2 } })).toEqual(['step/exchanges 6'])
  })

  test('a subject that the step did not make, one that is missing, one twice', async () => {
    const subjects = (change: (all: readonly Subject[]) => readonly Subject[]): Promise<string[]> =>
      broken((entries) => void Object.assign(entries[3]!, { subjects: change(entries[3]!.subjects!) }))
    expect(await subjects(() => [{ name: 'made.bin', digest: { sha256: sha256(EXCHANGES) } }])).toEqual([
      'statement/subject 4',
      'statement/subject 4',
    ])
    expect(await subjects((all) => [...all, { name: 'exchanges', digest: { sha256: sha256(EXCHANGES) } }])).toEqual(['statement/subject 4'])
    expect(await subjects((all) => [...all, ...all])).toEqual(['statement/subject 4'])
    expect(await broken((entries) => void Reflect.deleteProperty(entries[3]!, 'subjects'))).toEqual(['statement/subject 4'])
  })

  test('an end that says aborted though everything was done', async () => {
    expect(await change(22, { result: 'aborted' })).toEqual(['closed/complete 22'])
  })

  test('an end that counts wrong, or comes too early', async () => {
    expect(await change(22, { steps_done: 6 })).toEqual(['closed/counts 22'])
    expect(await change(22, { deviations: 0 })).toEqual(['closed/counts 22'])
    const early = shortPlan().toSpliced(2, 2)
    Object.assign(body(early, 3), { entries: 2, steps_done: 0 })
    expect(rulesOf(await verifyTranscript(await write(early, SHORT_RUNBOOK)))).toEqual(['closed/complete 3'])
    Object.assign(body(early, 3), { result: 'aborted' })
    expect(rulesOf(await verifyTranscript(await write(early, SHORT_RUNBOOK)))).toEqual([])
    // As many as must be there may end it; fewer may not.
    early[2]!.by = ['officer-1', 'officer-2', 'witness-1']
    expect(rulesOf(await verifyTranscript(await write(early, SHORT_RUNBOOK)))).toEqual([])
    early[2]!.by = ['officer-1', 'witness-1']
    expect(rulesOf(await verifyTranscript(await write(early, SHORT_RUNBOOK)))).toEqual(['quorum/distinct 3'])
    const open = shortPlan().toSpliced(3, 1)
    Object.assign(body(open, 4), { entries: 3, steps_done: 0, result: 'aborted' })
    expect(rulesOf(await verifyTranscript(await write(open, SHORT_RUNBOOK)))).toEqual(['closed/open 4'])
  })

  test('exchanges of another number, an artifact of another size, or one hidden under the ceremony’s name', async () => {
    expect(await broken((entries) => void Object.assign(body(entries, 4).exchanges as object, { count: 3 }))).toEqual([
      'artifact/exchanges 4',
    ])
    expect(await broken((entries) => void Object.assign((body(entries, 4).outputs as { made: object }).made, { size: 3 }))).toEqual([
      'artifact/size 4',
    ])
    const subjects = [{ name: 'ceremony', digest: { sha256: sha256('not there') } }]
    expect(await broken((entries) => void Object.assign(entries[5]!, { subjects }))).toEqual(['artifact/missing 6', 'statement/subject 6'])
  })
})

describe('shape', () => {
  const shape = async (change: (entries: Planned[]) => void): Promise<string[]> =>
    (await broken(change)).filter((rule) => rule.startsWith('statement/'))

  test('an unknown kind, a member too many, a member too few', async () => {
    expect(await shape((entries) => void Object.assign(body(entries, 19), { kind: 'remark' }))).toEqual(['statement/shape 19'])
    expect(await shape((entries) => void Object.assign(body(entries, 19), { more: 1 }))).toEqual(['statement/shape 19'])
    expect(await shape((entries) => void Reflect.deleteProperty(body(entries, 19), 'note'))).toEqual(['statement/shape 19'])
    expect(await shape((entries) => void Object.assign(body(entries, 19), { kind: 'constructor' }))).toEqual(['statement/shape 19'])
  })

  test('a station with a line break in its name is checked like any other', async () => {
    expect(await shape((entries) => void Object.assign(body(entries, 1).stations as object, { 'a\nb': null }))).toEqual([
      'statement/shape 1',
    ])
  })

  test('the statement of another type', async () => {
    expect(RUNBOOK).toContain('runbook: sample')
    expect(await shape((entries) => void Object.assign(entries[5]!, { subjects: [] }))).toEqual(['statement/shape 6'])
  })
})
