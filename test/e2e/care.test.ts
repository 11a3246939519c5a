import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ceremony, effectsOf, entriesOf, jsonLines, outcomesOf, ROOT, remove, secretsOf, start, temporary } from './rehearsal.ts'

const home = temporary()
/** The ceremony that made the world, the cards, the keys and the vaults that the others care for. */
const made = join(home, 'made')

beforeAll(async () => {
  expect(await ceremony('demo', '--dir', made, '--scale', '600')).toMatchObject({ code: 0 })
}, 240_000)
afterAll(() => remove(home))

/** Rehearses a runbook to its end, verifies and replays it. @returns its folder */
async function rehearsed(name: string, variant = '', ...more: string[]): Promise<string> {
  const dir = join(home, `${name}-${variant}`)
  const ended = await ceremony('rehearse', join(ROOT, 'runbooks', `${name}.yaml`), '--after', made, '--dir', dir, ...more)
  expect(ended.stderr + ended.stdout).toContain('Closed after')
  expect(ended.code).toBe(0)
  expect(await ceremony('verify', dir)).toMatchObject({ code: 0 })
  const replay = await ceremony('replay', dir)
  expect(replay.stdout).toContain('came out again, byte for byte')
  const transcript = readFileSync(join(dir, 'transcript.intoto.jsonl'), 'utf8')
  const texts = entriesOf(dir).map((entry) => JSON.stringify(entry))
  for (const secret of secretsOf(dir)) expect([transcript, ...texts].some((text) => text.includes(secret))).toBe(false)
  return dir
}

const outputsOf = (dir: string, step: string, instance: string | null = null): Record<string, unknown> =>
  entriesOf(dir).find((entry) => entry.kind === 'outcome' && entry.step === step && entry.instance === instance)?.outputs as Record<
    string,
    unknown
  >

/** What happened since the earlier ceremony. */
const newEffects = (dir: string): string[] => effectsOf(dir).filter((effect) => !effectsOf(made).includes(effect))

describe('after a ceremony', () => {
  test('the administrator cards are replaced, the new ones tried, the old ones erased', async () => {
    const dir = await rehearsed('replace-administrator-cards')
    expect(outcomesOf(dir)).toEqual(expect.arrayContaining(['check-new-card 2 done', 'erase-old-card 1 done', 'erase-old-card 3 done']))
    expect(newEffects(dir).map((effect) => effect.replace(/C\d+/, 'C'))).toEqual(
      expect.arrayContaining(['nshield administrator-cards/replace module 1', 'nshield card/format C']),
    )
    expect(outputsOf(dir, 'replace')).toMatchObject({ hknso: outputsOf(made, 'create-world').hknso, quorum: '2/3' })
  }, 180_000)

  test('killed when the new cards are just in force, it is taken up again and ends as it should', async () => {
    const dir = join(home, 'killed')
    const running = start('rehearse', join(ROOT, 'runbooks', 'replace-administrator-cards.yaml'), '--after', made, '--dir', dir)
    const replaced = (): number => {
      const file = join(dir, 'rehearsal', 'nshield', 'effects.jsonl')
      return existsSync(file) ? (readFileSync(file, 'utf8').match(/administrator-cards\/replace/g)?.length ?? 0) : 0
    }
    let ended = false
    void running.ended.then(() => {
      ended = true
    })
    while (!ended && replaced() === 0) await sleep(5)
    running.killAll()
    await running.ended
    expect(outcomesOf(dir)).not.toContain('replace  done')
    const resumed = await ceremony('resume', dir)
    expect(resumed.stderr).toContain('replace was interrupted; asked the world: not-done')
    expect(resumed.code).toBe(0)
    expect(replaced()).toBe(2)
    expect(await ceremony('verify', dir)).toMatchObject({ code: 0 })
    expect((await ceremony('replay', dir)).stdout).toContain('came out again, byte for byte')
  }, 240_000)

  test('each card is audited by itself, a missing one is followed up, and nothing changes', async () => {
    const dir = await rehearsed('card-audit')
    expect(outcomesOf(dir).filter((outcome) => outcome.startsWith('check-'))).toEqual([
      'check-administrator-card 1 done',
      'check-administrator-card 2 done',
      'check-administrator-card 3 done',
      'check-operator-card 1 done',
      'check-operator-card 3 done',
    ])
    expect(outputsOf(dir, 'missing-cards')).toMatchObject({ incident: expect.any(String) })
    expect(newEffects(dir)).toEqual([])
  }, 180_000)

  test('the world is restored on a new module, and holds the keys that it held', async () => {
    const dir = await rehearsed('restore-world')
    expect(outputsOf(dir, 'load-world').esn).not.toBe(outputsOf(made, 'create-world').esn)
    expect(outputsOf(dir, 'find-key', 'sql-key')).toMatchObject({ modulus_sha256: outputsOf(made, 'generate-sql-key').modulus_sha256 })
  }, 180_000)

  test.each(['disable-keys', 'remove-access'])(
    'data is made unreadable and brought back (%s)',
    async (how) => {
      const params = join(home, `${how}.yaml`)
      writeFileSync(params, JSON.stringify({ how }))
      const dir = await rehearsed('emergency-revoke', how, '--params', params)
      expect(outputsOf(dir, 'storage-fades')).toMatchObject({ readable: false, status: 403 })
      expect(outputsOf(dir, 'sql-fades')).toMatchObject({ all_inaccessible: true })
      expect(outputsOf(dir, 'storage-returns').sha256).toBe(outputsOf(made, 'write-data').sha256)
      const skipped = entriesOf(dir).flatMap((entry) => (entry.kind === 'skipped' ? [entry.step] : []))
      expect(new Set(skipped)).toEqual(new Set(how === 'disable-keys' ? ['remove-access', 'give-access'] : ['disable-key', 'enable-key']))
    },
    180_000,
  )

  test('new keys take over, data reads under them, and the old versions stay', async () => {
    const dir = await rehearsed('rotate-key')
    const old = outputsOf(dir, 'old-storage-key', 'europe')
    const fresh = outputsOf(dir, 'import-storage-key', 'europe')
    expect(old.kid).toBe(outputsOf(made, 'import-storage-key', 'europe').kid)
    expect(outputsOf(dir, 'bind-storage').kid_in_use).toBe(fresh.kid)
    expect(outputsOf(dir, 'storage-without-old-key').sha256).toBe(outputsOf(made, 'write-data').sha256)
    expect(outputsOf(dir, 'storage-versions', 'europe').enabled).toEqual([old.kid, fresh.kid])
    const order = outcomesOf(dir).filter((outcome) => /^(secondary-key|primary-key|tde-protector) /.test(outcome))
    expect(order).toEqual(['secondary-key  done', 'primary-key  done', 'tde-protector  done'])
  }, 180_000)
})

test('the earlier ceremony’s folder stays as it was', async () => {
  expect(await ceremony('verify', made)).toMatchObject({ code: 0 })
  expect(
    jsonLines(join(made, 'rehearsal', 'nshield', 'effects.jsonl')).some((effect) => effect.operation === 'administrator-cards/replace'),
  ).toBe(false)
})

test('only a rehearsal that was carried to its end can be built upon', async () => {
  const dir = join(home, 'nowhere')
  const ended = await ceremony('rehearse', join(ROOT, 'runbooks', 'card-audit.yaml'), '--after', home, '--dir', dir)
  expect(ended.code).toBe(2)
  expect(existsSync(join(dir, 'runbook.yaml'))).toBe(false)
})
