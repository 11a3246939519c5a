import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { wordsOf } from '../../engine/src/transcript/words.ts'
import { folder, KEYS, plan, write, writeShort } from './sample.ts'

const MAIN = fileURLToPath(new URL('../../engine/src/cli/main.ts', import.meta.url))
const verify = (...args: string[]) => spawnSync(process.execPath, [MAIN, 'verify', ...args], { encoding: 'utf8' })

test('a transcript that holds: verdict first, fingerprints in hex and in words, exit 0', async () => {
  const { stdout, status } = verify(await writeShort())
  expect(status).toBe(0)
  expect(stdout.split('\n')[0]).toBe('The transcript holds (self-asserted: compare the fingerprints with the paper).')
  const { keyid } = KEYS['officer-1']
  expect(stdout).toContain(keyid)
  expect(stdout.replace(/\s+/g, ' ')).toContain(wordsOf(keyid).join(' '))
})

test('one that does not: line, rule, what was found and expected, exit 1', async () => {
  const entries = plan()
  entries[2]!.by = ['officer-1', 'witness-1']
  const { stdout, status } = verify(await write(entries))
  expect(status).toBe(1)
  expect(stdout).toMatch(
    /^The transcript DOES NOT HOLD: 1 finding\.\n\n {2}line 3 {2}signer\/role\n {4}found .*witness-1.*\n {4}expected .*2 distinct people as crypto-officer/,
  )
})

test('as JSON for programs', async () => {
  const dir = await writeShort()
  const result = JSON.parse(verify(dir, '--json').stdout)
  expect(result).toMatchObject({ ok: true, closed: true, entries: 5, findings: [], warnings: [] })
  expect(verify(dir, '--head', result.head).status).toBe(0)
  expect(verify(dir, '--head', 'ab'.repeat(32)).status).toBe(1)
})

test('of no use: exit 2, and what to do', async () => {
  const dir = await writeShort()
  const trust = join(folder(), 'trust.yaml')
  writeFileSync(trust, 'officers: []')
  for (const args of [
    [join(dir, 'none')],
    [folder()],
    [dir, '--head', 'abc'],
    [dir, '--trust', trust],
    [dir, '--trust', join(dir, 'none')],
  ]) {
    const { status, stderr } = verify(...args)
    expect([args, status]).toEqual([args, 2])
    expect(stderr).toContain('do next')
  }
})

test('one that is not closed holds, and that is said', async () => {
  const { stdout, status } = verify(await write(plan().slice(0, 5)))
  expect(status).toBe(0)
  expect(stdout.split('\n')[0]).toContain('not closed: what came after may be missing')
})

test('text of the transcript cannot move the cursor', async () => {
  const entries = plan()
  Object.assign(entries[4]!.body, { step: 'seven\u001b[2J\u202e' })
  const { stdout } = verify(await write(entries))
  expect(stdout).toContain('seven\\u{1b}[2J\\u{202e}')
})
