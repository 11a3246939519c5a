import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Replay, type ReplayOptions, replayTranscript } from '../../engine/src/replay/replay.ts'
import type { Outcome } from '../../engine/src/transcript/entry.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { PLUGINS } from '../ceremony/small.ts'
import { entriesOf, ROOT } from '../e2e/rehearsal.ts'
import { artifact, forge, keep, runChancy, runInterrupted } from './chancy.ts'

const home = mkdtempSync(join(tmpdir(), 'ceremony-replays-'))
let original: string
let copies = 0

beforeAll(async () => {
  original = await runChancy()
}, 60_000)
afterAll(() => {
  for (const folder of [home, original]) rmSync(folder, { recursive: true, force: true })
})

/** @returns a copy of the ceremony's folder */
function copy(): string {
  const dir = join(home, String(++copies))
  cpSync(original, dir, { recursive: true })
  return dir
}

const replay = (dir: string, options: ReplayOptions = {}): Promise<Replay> =>
  replayTranscript(dir, { pluginFolders: [PLUGINS], ...options })

/** The same plugin with other code. @returns the folder to look for plugins in */
function changedPlugin(change: (code: string) => string): string {
  const folder = join(home, `plugins-${++copies}`)
  cpSync(join(PLUGINS, 'chancy'), join(folder, 'chancy'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'chancy', 'node_modules'))
  const file = join(folder, 'chancy', 'src', 'index.ts')
  const code = readFileSync(file, 'utf8')
  expect(change(code)).not.toBe(code)
  writeFileSync(file, change(code))
  return folder
}

describe('a replay', () => {
  test('of a ceremony full of time, chance, failures and waiting comes out byte for byte, however often', async () => {
    const kinds = entriesOf(original).map(({ kind, result }) => `${kind} ${result ?? ''}`.trim())
    expect(kinds).toContain('outcome failed')
    expect(kinds).toContain('resolution')
    for (let round = 0; round < 3; round++) {
      const result = await replay(original)
      expect(result).toMatchObject({ ok: true, differences: [], entries: kinds.length, plugins: { chancy: { from: 'installed' } } })
      expect(result.verdict).toContain('byte for byte')
      expect(result.exchanges).toBeGreaterThan(20)
    }
  })

  test('of one that was interrupted between what plugins found and what is written comes out byte for byte too', async () => {
    const dir = await runInterrupted()
    const recordings = entriesOf(dir).flatMap(({ kind, exchanges }) =>
      exchanges ? [{ kind, text: artifact(dir, (exchanges as { sha256: string }).sha256) }] : [],
    )
    const often = recordings.filter(({ text }) => text.split('"what":"reconcile"').length > 2)
    // Asked more than once before anything was written of it: what was found, and that nothing could be found.
    for (const kind of ['resolution', 'outcome']) expect(often.map((each) => each.kind)).toContain(kind)
    expect(await replay(dir)).toMatchObject({ ok: true, differences: [] })
    rmSync(dir, { recursive: true })
  }, 60_000)

  test('finds an output that was changed and signed again with all the real keys', async () => {
    const dir = copy()
    const line = await forge(dir, (entry) => {
      if (entry.kind !== 'outcome' || entry.step !== 'draw') return false
      ;(entry.outputs as { drawn: unknown[] }).drawn[1] = 0.5
      return true
    })
    expect((await verifyTranscript(dir)).ok).toBe(true)
    const { ok, differences } = await replay(dir)
    expect(ok).toBe(false)
    // All chance that follows grows from what stands before it, so nothing behind comes out again either.
    expect(differences.length).toBeGreaterThan(1)
    expect(differences[0]).toMatchObject({ line, step: 'draw', field: '/predicate/outputs/drawn/1', recorded: '0.5', exchange: null })
  })

  test('finds an answer of the world that was changed in the recording, by what the plugin then did', async () => {
    const dir = copy()
    await forge(dir, (entry, statement) => {
      if (entry.kind !== 'outcome' || entry.step !== 'draw') return false
      const lines = artifact(dir, entry.exchanges!.sha256).split('\n')
      // The last timer's answer: a minute later than it was.
      const at = lines.findLastIndex((text) => text.includes('"answer":5'))
      lines[at] = lines[at]!.replace(/"time":(\d+)/, (_, time) => `"time":${Number(time) + 60_000}`)
      Object.assign(entry, { exchanges: { ...entry.exchanges, sha256: keep(dir, Buffer.from(lines.join('\n'))) } })
      return statement.subject.length > 0
    })
    expect((await verifyTranscript(dir)).findings).toEqual([])
    const { differences } = await replay(dir)
    expect(differences[0]).toMatchObject({ step: 'draw', exchange: { line: expect.any(Number) } })
    expect(differences[0]!.field).toMatch(/^\/request\/bytes/)
  })

  test('finds a recording that was cut short, and one that holds more than was asked', async () => {
    for (const edit of [
      (lines: string[]) => lines.slice(0, -3),
      (lines: string[]) => [...lines.slice(0, -1), ...lines.slice(-3, -1), ''],
    ]) {
      const dir = copy()
      await forge(dir, (entry) => {
        if (entry.kind !== 'outcome' || entry.step !== 'draw') return false
        const lines = edit(artifact(dir, entry.exchanges!.sha256).split('\n'))
        const count = lines.length - 1
        const text = lines.at(-1) === '' ? lines.join('\n') : `${lines.join('\n')}\n`
        Object.assign(entry, { exchanges: { sha256: keep(dir, Buffer.from(text)), count: lines.at(-1) === '' ? count : count + 1 } })
        return true
      })
      expect((await verifyTranscript(dir)).findings).toEqual([])
      const { differences } = await replay(dir)
      expect(differences[0]).toMatchObject({ step: 'draw', exchange: { line: expect.any(Number) } })
    }
  })

  test('finds words that the plugin would not have said', async () => {
    const dir = copy()
    const line = await forge(
      dir,
      (entry) => entry.kind === 'intent' && entry.step === 'draw' && Boolean(Object.assign(entry, { says: 'Draw straws' })),
    )
    expect((await replay(dir)).differences[0]).toMatchObject({ line, field: '/predicate/says', recorded: '"Draw straws"' })
  })

  test('finds facts that the plugin would not have found after an interruption', async () => {
    const dir = copy()
    const line = await forge(dir, (entry) => entry.kind === 'resolution' && Boolean(Object.assign(entry, { facts: 'all is well' })))
    expect((await replay(dir)).differences[0]).toMatchObject({ line, field: '/predicate/facts', recorded: '"all is well"' })
  })

  test('does not begin with a transcript that does not verify', async () => {
    const dir = copy()
    const file = join(dir, 'transcript.intoto.jsonl')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"sig":"A', '"sig":"B').replace('"sig":"', '"sig":"Q'))
    expect(await replay(dir)).toMatchObject({ ok: false, verdict: expect.stringContaining('does not verify'), entries: 0 })
  })

  test('of a ceremony that is not closed goes as far as it goes, and says so', async () => {
    const dir = copy()
    const file = join(dir, 'transcript.intoto.jsonl')
    const lines = readFileSync(file, 'utf8').split('\n')
    for (const count of [2, 3, 4, lines.length - 2]) {
      writeFileSync(file, `${lines.slice(0, count).join('\n')}\n`)
      expect(await replay(dir)).toMatchObject({ ok: true, entries: count, verdict: expect.stringContaining('not closed') })
    }
  })
})

describe('the code that is replayed', () => {
  test('comes from the ceremony’s own folder when another version is installed', async () => {
    const folder = changedPlugin((code) => code.replace('random.bytes(8)', 'random.bytes(4)'))
    expect(await replay(original, { pluginFolders: [folder] })).toMatchObject({ ok: true, plugins: { chancy: { from: 'ceremony' } } })
  })

  test('is the installed one on demand, and then shows what it would have done differently', async () => {
    const folder = changedPlugin((code) => code.replace('random.bytes(8)', 'random.bytes(4)'))
    const result = await replay(original, { pluginFolders: [folder], withCurrentPlugins: true })
    expect(result).toMatchObject({ ok: false, plugins: { chancy: { from: 'current' } } })
    expect(result.differences[0]).toMatchObject({ step: 'draw', exchange: { line: expect.any(Number) } })
  })

  test('that waits for what was never recorded is ended, not waited for', async () => {
    const folder = changedPlugin((code) => code.replace('await clock.sleep(5)', 'await clock.sleep(5); await clock.sleep(6)'))
    const result = await replay(original, { pluginFolders: [folder], withCurrentPlugins: true })
    expect(result.differences[0]).toMatchObject({ step: 'draw', replayed: expect.stringContaining('"sleep":6') })
  })

  test('that never answers is ended', async () => {
    const folder = changedPlugin((code) => code.replace('await clock.sleep(5)', 'await new Promise(() => {})'))
    const result = await replay(original, { pluginFolders: [folder], withCurrentPlugins: true, patience: 500 })
    expect(result.differences[0]).toMatchObject({ step: 'draw' })
  }, 20_000)

  test('reaches nothing: no network, no program, no file outside, not the real time', async () => {
    const recorded = entriesOf(original).find((entry) => entry.kind === 'outcome' && entry.step === 'draw') as unknown as Outcome
    const before = Date.parse((recorded.outputs as { began: string }).began)
    const folder = changedPlugin((code) => code.replace("Buffer.from(random.bytes(8)).toString('hex')", 'await reach()').concat(REACH))
    const result = await replay(original, { pluginFolders: [folder], withCurrentPlugins: true })
    const told = JSON.stringify(result.differences[0])
    const bytes =
      /\$bytes\W+([A-Za-z0-9+/=]+)/.exec(result.differences[0]!.replayed)?.[1] ?? result.differences[0]!.replayed.replaceAll('"', '')
    const tried = Buffer.from(bytes, 'base64').toString()
    expect(tried, told).toContain('fetch refused, exec refused, read refused')
    expect(tried).toContain(`now ${new Date(before).getUTCFullYear()}`)
  })
})

const REACH = `
async function reach() {
  const refused = async (what, attempt) => attempt().then(() => what + ' WENT', () => what + ' refused')
  const { execFileSync } = await import('node:child_process')
  const { readFileSync } = await import('node:fs')
  const { connect } = await import('node:net')
  const tries = await Promise.all([
    refused('fetch', () => new Promise((done, fail) => connect(9, '127.0.0.1').on('connect', done).on('error', (e) => (e.code === 'ECONNREFUSED' ? done() : fail(e))))),
    refused('exec', async () => execFileSync('/bin/true')),
    refused('read', async () => readFileSync('/etc/hostname')),
  ])
  return tries.join(', ') + ', now ' + new Date().getUTCFullYear()
}
`
