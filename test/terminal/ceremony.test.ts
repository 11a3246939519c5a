import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { replayTranscript } from '../../engine/src/replay/replay.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { entriesOf, filesBelow } from '../e2e/rehearsal.ts'
import { makeCard, PIN } from '../officer/softhsm-card.ts'
import { Terminal } from './pty.ts'
import { close, layOut, open, PEOPLE, sign } from './small.ts'

const homes: string[] = []
afterAll(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true })
})

test('a whole ceremony at a terminal: roll call, choice of signers, a wrong passphrase, records typed twice and corrected', async () => {
  const { home, dir, run } = await layOut()
  homes.push(home)
  const terminal = Terminal.ceremony(...run)
  await open(terminal)
  await terminal.see('Step 1 of 3, at room: Look around')
  await terminal.answer('Who signs? Type the 2 numbers', '1 4')
  await terminal.see('It takes exactly 2: 2 × crypto-officer')
  await terminal.answer('Who signs?', '3 1')
  await terminal.answer('Passphrase of crypto-officer-1', 'a passphrase that is wrong')
  await terminal.see('does not open the key of crypto-officer-1. Nothing was signed.')
  await sign(terminal, 'crypto-officer-1')
  await terminal.see('Signed by crypto-officer-1. 1 more to sign.')
  await terminal.answer('Passphrase of crypto-officer-3', '')
  await terminal.see('SHA-256 of what you sign')
  await sign(terminal, 'crypto-officer-3')
  await terminal.answer('Type "done" when it is done:', 'yes')
  await terminal.answer('Type "done" once it is done', 'done')

  await terminal.answer(/bag, 1:/, 'ab123456')
  await terminal.see('does not fit')
  await terminal.answer(/bag, 1:/, 'AB123456')
  await terminal.answer('once more', 'AB123457')
  await terminal.see('The two differ')
  await terminal.answer(/bag, 1:/, 'AB123456')
  await terminal.answer('once more', 'AB123456')
  await terminal.answer(/bag, 2:/, 'AB000000')
  await terminal.answer('once more', 'AB000000')
  await terminal.answer(/sealed:/, 'yes')
  await terminal.answer('Is all of this right?', '2')
  await terminal.answer(/bag, 2:/, 'AB123458')
  await terminal.answer('once more', 'AB123458')
  await terminal.answer('Is all of this right?', 'yes')
  await terminal.see('SIGN what came of it: seal')
  await terminal.answer('Who signs?', '2 4')
  await sign(terminal, 'crypto-officer-2', 'internal-witness-1')
  await close(terminal)

  expect(await verifyTranscript(dir)).toMatchObject({ ok: true, closed: true, findings: [] })
  expect(await replayTranscript(dir)).toMatchObject({ ok: true, differences: [] })
  const sealed = entriesOf(dir).find((entry) => entry.kind === 'outcome' && entry.step === 'seal')
  expect(sealed?.outputs).toEqual({ bag: { 1: 'AB123456', 2: 'AB123458' }, sealed: true })
  expect(entriesOf(dir)[0]).toMatchObject({ unattended: false })
  for (const { passphrase } of PEOPLE) {
    expect(terminal.raw).not.toContain(passphrase)
    for (const file of filesBelow(dir)) expect(readFileSync(file, 'latin1').includes(passphrase), `${passphrase} in ${file}`).toBe(false)
  }
}, 120_000)

test('a production ceremony takes officers at a terminal; one of them with a smartcard, and a note by the command `note`', async () => {
  const { home, dir, run } = await layOut(
    `runbook: short
version: 1
title: A short ceremony
stations:
  room: { network: azure }
roles:
  crypto-officer: { at-least: 2 }
steps:
  - id: look
    title: Look around
    station: room
    instruct: Look around.
`,
    'production',
  )
  homes.push(home)
  const card = makeCard(home, 'card-of-officer-2', 'P-256')
  const officers = [
    { name: 'crypto-officer-1', roles: ['crypto-officer'], key: join(home, 'keys', 'crypto-officer-1.pem') },
    { name: 'crypto-officer-2', roles: ['crypto-officer'], card },
  ]
  writeFileSync(join(home, 'officers.yaml'), stringify({ officers }))
  const terminal = Terminal.ceremony(...run)
  await terminal.answer('Is everyone in the room?', 'all')
  await sign(terminal, 'crypto-officer-1')
  await terminal.answer('PIN of crypto-officer-2 (hidden', '000000')
  await terminal.see('The PIN is wrong.')
  await terminal.answer('PIN of crypto-officer-2 (hidden', PIN)
  await terminal.see('Type "done"')
  terminal.press('\x03')
  await terminal.answer('Type a letter', 'p')
  expect(await terminal.ended).toBe(3)

  const note = Terminal.ceremony('note', dir)
  await note.answer('Is everyone in the room?', '1')
  await note.answer('Who notes it?', '1')
  await note.answer('That officer is not here.', '2')
  await note.answer('What is off script?', 'The lamp flickers.')
  await note.answer('PIN of crypto-officer-2', PIN)
  await note.see('Noted; it is in the transcript.')
  expect(await note.ended).toBe(0)

  const again = Terminal.ceremony('resume', dir)
  await again.answer('Is everyone in the room?', 'all')
  await again.answer('Type "done"', 'done')
  await sign(again, 'crypto-officer-1')
  await again.answer('PIN of crypto-officer-2', PIN)
  expect(await again.ended).toBe(0)
  expect(entriesOf(dir).map(({ kind, mode }) => `${kind} ${mode}`)).toContain('deviation production')
  expect(await verifyTranscript(dir)).toMatchObject({ ok: true, closed: true, findings: [] })
  expect(await replayTranscript(dir)).toMatchObject({ ok: true, differences: [] })
  for (const text of [terminal.raw, note.raw, again.raw]) expect(text).not.toContain(PIN)
}, 120_000)
