import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { wordsOf } from '../../engine/src/transcript/words.ts'
import { ceremony } from '../e2e/rehearsal.ts'
import { Terminal } from './pty.ts'

const dir = mkdtempSync(join(tmpdir(), 'ceremony-officers-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const PASSPHRASE = 'ravens count the towers'

test('`officer new` asks for a passphrase twice, unseen, and `officer list` and `officer show` tell whose key it is', async () => {
  const terminal = Terminal.ceremony('officer', 'new', '--name', 'crypto-officer-1', '--role', 'crypto-officer', '--dir', dir)
  await terminal.answer('New passphrase of crypto-officer-1', 'short')
  await terminal.answer('At least 12 characters.', PASSPHRASE)
  await terminal.answer('Once more:', `${PASSPHRASE}!`)
  await terminal.see('The two differ.')
  await terminal.answer('New passphrase of crypto-officer-1', PASSPHRASE)
  await terminal.answer('Once more:', PASSPHRASE)
  await terminal.see('Wrote')
  expect(await terminal.ended).toBe(0)
  expect(terminal.raw).not.toContain(PASSPHRASE)
  expect(statSync(join(dir, 'crypto-officer-1.pem')).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(dir, 'crypto-officer-1.pem'), 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE KEY')

  const listed = JSON.parse((await ceremony('officer', 'list', dir, '--json')).stdout)
  expect(listed).toMatchObject([
    { name: 'crypto-officer-1', roles: ['crypto-officer'], fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ])
  const shown = await ceremony('officer', 'show', join(dir, 'crypto-officer-1.officer.yaml'))
  expect(shown.stdout).toContain(listed[0].fingerprint)
  expect(shown.stdout).toContain(wordsOf(listed[0].fingerprint).slice(0, 8).join(' '))
  expect(shown.stdout).toMatch(/█▀▀|▄▄▄▄▄/)
}, 60_000)

test('`officer new` left by Ctrl-C writes nothing, and a name that is taken is not taken again', async () => {
  const terminal = Terminal.ceremony('officer', 'new', '--name', 'somebody', '--role', 'crypto-officer', '--dir', dir)
  await terminal.see('New passphrase of somebody')
  terminal.press('\x03')
  expect(await terminal.ended).toBe(2)
  expect((await ceremony('officer', 'list', dir, '--json')).stdout).not.toContain('somebody')
  const again = await ceremony('officer', 'new', '--name', 'crypto-officer-1', '--role', 'crypto-officer', '--dir', dir)
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('a name that nobody has yet') })
}, 60_000)

test('without a terminal nobody is asked for a passphrase', async () => {
  const piped = await ceremony('officer', 'new', '--name', 'nobody', '--role', 'crypto-officer', '--dir', dir)
  expect(piped).toMatchObject({ code: 2, stderr: expect.stringContaining('Officers need a terminal') })
}, 60_000)
