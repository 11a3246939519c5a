import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { replayTranscript } from '../../engine/src/replay/replay.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { entriesOf } from '../e2e/rehearsal.ts'
import { MAIN, Terminal } from './pty.ts'
import { close, layOut, open, PEOPLE, sign } from './small.ts'

const CTRL_C = '\x03'
const WAITING = `runbook: waiting
version: 1
title: A ceremony that waits
stations:
  room: { network: azure }
roles:
  crypto-officer: { at-least: 2 }
steps:
  - id: wait
    title: Wait for the ink to dry
    station: room
    wait: 3s
`
const homes: string[] = []
afterAll(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true })
})

async function begin(): Promise<{ dir: string; terminal: Terminal }> {
  const { home, dir, run } = await layOut()
  homes.push(home)
  const terminal = Terminal.ceremony(...run)
  await open(terminal)
  await terminal.see('Who signs?')
  return { dir, terminal }
}

const kinds = (dir: string): string[] => entriesOf(dir).map(({ kind, step }) => `${kind} ${step ?? ''}`.trim())

async function authoriseFirst(terminal: Terminal): Promise<void> {
  terminal.type('1 2')
  await sign(terminal, 'crypto-officer-1', 'crypto-officer-2')
  await terminal.see('Type "done"')
}

/** Writes down what the step `seal` asks for, up to the first passphrase. */
async function fillIn(terminal: Terminal): Promise<void> {
  for (const bag of ['AB123456', 'AB123457']) {
    await terminal.answer(/bag, \d:/, bag)
    await terminal.answer('once more', bag)
  }
  await terminal.answer(/sealed:/, 'yes')
  await terminal.answer('Is all of this right?', 'yes')
  await terminal.answer('Who signs?', '1 4')
}

async function finish(terminal: Terminal): Promise<void> {
  await fillIn(terminal)
  await sign(terminal, 'crypto-officer-1', 'internal-witness-1')
  await close(terminal)
}

test('paused at a question, it is taken up again where it was, with a roll call', async () => {
  const { dir, terminal } = await begin()
  await authoriseFirst(terminal)
  terminal.press(CTRL_C)
  await terminal.see('The step `look` is under way; everything before it is in the transcript.')
  await terminal.answer('Type a letter', 'p')
  await terminal.see('Paused.')
  expect(await terminal.ended).toBe(3)
  expect(kinds(dir)).toEqual(['opened', 'arrived', 'intent look'])

  const again = Terminal.ceremony('resume', dir)
  await again.see('ROLL CALL (the ceremony is taken up again)')
  await again.answer('Is everyone in the room?', 'all')
  await again.answer('Type "done"', 'done')
  await finish(again)
  expect(await verifyTranscript(dir)).toMatchObject({ ok: true, closed: true })
  expect(await replayTranscript(dir)).toMatchObject({ ok: true })
}, 120_000)

test('a note is signed by the officer who makes it, also in the midst of a signature, which is then given anew; a passphrase is no note', async () => {
  const { dir, terminal } = await begin()
  terminal.type('1 2')
  await sign(terminal, 'crypto-officer-1')
  await terminal.see('Passphrase of crypto-officer-2')
  terminal.press(CTRL_C)
  await terminal.answer('Type a letter', 'n')
  await terminal.answer('Who notes it?', '4')
  await terminal.answer('What is off script?', PEOPLE[1]!.passphrase)
  await terminal.see('That is the passphrase of crypto-officer-2, and now it is on the screen. It was not written down.')
  await terminal.answer('What is off script?', 'The lamp over the table flickers.')
  await terminal.see('SIGN a note by internal-witness-1')
  await sign(terminal, 'internal-witness-1')
  await terminal.see('Noted by internal-witness-1; it is in the transcript.')
  await terminal.answer('Who signs?', '1 2')
  await sign(terminal, 'crypto-officer-1', 'crypto-officer-2')
  await terminal.see('Type "done"')
  terminal.press(CTRL_C)
  await terminal.answer('Type a letter', 'n')
  await terminal.answer('Who notes it?', '1')
  await terminal.answer('What is off script?', 'Somebody knocked at the door.')
  await sign(terminal, 'crypto-officer-1')
  await terminal.answer('Type "done"', 'done')
  await finish(terminal)
  expect(kinds(dir).slice(2, 6)).toEqual(['deviation', 'intent look', 'deviation', 'outcome look'])
  expect(entriesOf(dir)[2]).toMatchObject({ officer: 'internal-witness-1', note: 'The lamp over the table flickers.' })
  expect(await verifyTranscript(dir)).toMatchObject({ ok: true, closed: true, findings: [] })
  expect(await replayTranscript(dir)).toMatchObject({ ok: true })
}, 120_000)

test('aborted with a reason, it is closed for good: the step under way has failed, a quorum signs, and it cannot be resumed', async () => {
  const { dir, terminal } = await begin()
  await authoriseFirst(terminal)
  terminal.press(CTRL_C)
  await terminal.answer('Type a letter', 'a')
  await terminal.answer('Who asks for it?', '2')
  await terminal.answer('Why?', 'A stranger came in.')
  await terminal.answer('Type the word "abort"', 'yes')
  await terminal.see('Not aborted.')
  terminal.press(CTRL_C)
  await terminal.answer('Type a letter', 'a')
  await terminal.answer('Who asks for it?', '2')
  await terminal.answer('Why?', 'A stranger came in.')
  await terminal.answer('Type the word "abort"', 'abort')
  await sign(terminal, 'crypto-officer-2')
  await terminal.see('SIGN the ABORTION of the ceremony')
  await terminal.answer('Who signs?', '1 2 4')
  await sign(terminal, 'crypto-officer-1', 'crypto-officer-2', 'internal-witness-1')
  await terminal.see('The ceremony was aborted')
  expect(await terminal.ended).toBe(1)
  expect(kinds(dir).slice(2)).toEqual(['intent look', 'deviation', 'outcome look', 'closed'])
  expect(entriesOf(dir).at(-1)).toMatchObject({ result: 'aborted', deviations: 1 })
  expect(await verifyTranscript(dir)).toMatchObject({ ok: true, closed: true, findings: [] })
  expect(await replayTranscript(dir)).toMatchObject({ ok: true, differences: [] })
}, 120_000)

test('Ctrl-C twice stops at once, says what state things are in, and loses nothing', async () => {
  const { dir, terminal } = await begin()
  await authoriseFirst(terminal)
  terminal.press(CTRL_C)
  await terminal.see('Type a letter')
  terminal.press(CTRL_C)
  await terminal.see('Stopped. Everything recorded is safe. The step `look` was under way')
  expect(await terminal.ended).toBe(3)
  const again = Terminal.ceremony('resume', dir)
  await again.answer('Is everyone in the room?', 'all')
  await again.answer('Type "done"', 'done')
  await finish(again)
  expect(await verifyTranscript(dir)).toMatchObject({ ok: true, closed: true })
}, 120_000)

test('when the window is closed while somebody signs, what waits for signatures is kept, and signed after the resume', async () => {
  const { dir, terminal } = await begin()
  await authoriseFirst(terminal)
  terminal.type('done')
  await fillIn(terminal)
  await terminal.see('Passphrase of crypto-officer-1')
  terminal.hangUp()
  await terminal.ended
  expect(readFileSync(join(dir, 'pending.json'), 'utf8')).toContain('AB123457')
  const again = Terminal.ceremony('resume', dir)
  await again.answer('Is everyone in the room?', 'all')
  await again.see('SIGN what came of it: seal')
  await again.answer('Who signs?', '2 4')
  await sign(again, 'crypto-officer-2', 'internal-witness-1')
  await close(again)
  expect(await verifyTranscript(dir)).toMatchObject({ ok: true, closed: true })
}, 120_000)

test('with --plain nothing on the screen moves: no escape sequence is written, and the narrator tells all of it', async () => {
  const { home, dir, run } = await layOut(WAITING)
  homes.push(home)
  const terminal = Terminal.ceremony(...run, '--plain')
  await open(terminal)
  await terminal.see('Done: wait (')
  await terminal.see('SIGN the end of the ceremony')
  terminal.press(CTRL_C)
  await terminal.answer('Type a letter', 's')
  await terminal.see('1 of 1 steps done')
  terminal.press(CTRL_C)
  await terminal.answer('Type a letter', 'p')
  expect(await terminal.ended).toBe(3)
  expect(terminal.raw).not.toContain('\x1b')
  expect(kinds(dir)).toEqual(['opened', 'arrived', 'intent wait', 'outcome wait'])
}, 120_000)

test('a list shows what is under way while a step is at work, without colour where NO_COLOR says so, and is gone before the next question', async () => {
  const { home, run } = await layOut(WAITING)
  homes.push(home)
  const terminal = Terminal.start(['env', 'NO_COLOR=1', process.execPath, MAIN, ...run])
  await open(terminal)
  await terminal.see('NOW: Wait for the ink to dry (')
  await terminal.see('Done: wait (')
  await terminal.see('SIGN the end of the ceremony')
  terminal.press(CTRL_C)
  await terminal.answer('Type a letter', 'p')
  expect(await terminal.ended).toBe(3)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
  expect(terminal.raw).not.toMatch(/\x1b\[(3|4|9|10)[0-9]m/)
  expect(terminal.raw.slice(terminal.raw.indexOf('SIGN the end'))).not.toContain('NOW:')
}, 120_000)
