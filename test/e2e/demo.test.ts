import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ceremony, type Ended, effectsOf, entriesOf, filesBelow, outcomesOf, remove, secretsOf, start, temporary } from './rehearsal.ts'

const home = temporary()
const dir = join(home, 'demo')
const seen = new Set<string>()
let demo: Ended

/** What every process of this machine shows of itself to everyone. */
function lookAtProcesses(): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const file of ['cmdline', 'environ']) {
      try {
        seen.add(readFileSync(`/proc/${pid}/${file}`, 'latin1'))
      } catch {
        // ended meanwhile, or somebody else's
      }
    }
  }
}

beforeAll(async () => {
  const running = start('demo', '--dir', dir)
  const watch = setInterval(lookAtProcesses, 20)
  demo = await running.ended
  clearInterval(watch)
}, 120_000)
afterAll(() => remove(home))

describe('the demo', () => {
  test('runs a whole ceremony to its end and verifies it', () => {
    expect(demo.stderr + demo.stdout).toContain('Closed after')
    expect(demo.code).toBe(0)
    expect(demo.stdout).toMatch(/Verdict +\S/)
  })

  test('shows when access faded and when it came back', () => {
    expect(demo.stdout).toMatch(/azure-storage +█+·+█*/)
    expect(demo.stdout).toMatch(/azure-sql +█+·+█*/)
  })

  test('ends with a transcript that `verify` passes', async () => {
    const verified = await ceremony('verify', dir)
    expect(verified).toMatchObject({ code: 0 })
  })

  test('comes out again byte for byte when it is replayed', async () => {
    const replayed = await ceremony('replay', dir, '--json')
    expect(JSON.parse(replayed.stdout)).toMatchObject({ ok: true, differences: [], engine: { same: true } })
    expect(replayed.code).toBe(0)
  })

  test('wrote a report beside it', () => {
    expect(readFileSync(join(dir, 'report.html'), 'utf8')).toContain('<!doctype html>')
  })

  test('every step is done, and each effect on the twins took place once', () => {
    const outcomes = outcomesOf(dir)
    expect(outcomes.length).toBeGreaterThan(40)
    expect(outcomes.filter((outcome) => !outcome.endsWith(' done'))).toEqual([])
    const effects = effectsOf(dir).filter((effect) =>
      /world\/create|cardset\/create|key\/(create|import|delete|recover|generate)/.test(effect),
    )
    expect(effects.length).toBeGreaterThan(8)
    expect(new Set(effects).size).toBe(effects.length)
  })

  test('access faded within the documented minutes after the deletion, and not before', () => {
    const entries = entriesOf(dir)
    const time = (step: string): number =>
      Date.parse(String(entries.find((entry) => entry.kind === 'outcome' && entry.step === step)?.time))
    const minutes = (from: string, to: string): number => (time(to) - time(from)) / 60_000
    expect(minutes('delete-storage-key', 'storage-fades')).toBeGreaterThan(1)
    expect(minutes('delete-storage-key', 'storage-fades')).toBeLessThan(15)
    expect(minutes('delete-sql-key', 'sql-fades')).toBeLessThan(15)
  })

  test('says in every entry that it was a rehearsal', () => {
    expect(new Set(entriesOf(dir).map((entry) => entry.mode))).toEqual(new Set(['rehearsal']))
  })

  test('no secret is in the transcript, an artifact, a log, the output, or any process’s arguments or environment', () => {
    const secrets = secretsOf(dir)
    expect(secrets.length).toBeGreaterThan(9)
    const own = new Set([join(dir, 'answers.yaml'), join(dir, 'rehearsal', 'azure-seed.yaml')])
    const texts = filesBelow(dir)
      .filter((file) => !own.has(file))
      .map((file) => [file, readFileSync(file, 'latin1')] as const)
    texts.push(['stdout', demo.stdout], ['stderr', demo.stderr], ['processes', [...seen].join('\n')])
    const decoded = entriesOf(dir).map((entry) => JSON.stringify(entry))
    texts.push(['entries', decoded.join('\n')])
    for (const secret of secrets) {
      const forms = [secret, Buffer.from(secret).toString('base64').replace(/=+$/, ''), Buffer.from(secret).toString('hex')]
      for (const [where, text] of texts)
        expect(forms.filter((form) => text.includes(form)).map((form) => `${form} in ${where}`)).toEqual([])
    }
    expect(seen.size).toBeGreaterThan(5)
  })
})
