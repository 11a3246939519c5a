import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { replayTranscript } from '../../engine/src/replay/replay.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { filesBelow, outcomesOf, temporary } from '../e2e/rehearsal.ts'
import { answerAll, answerUntil, readCheatSheet, rulesOf } from './autopilot.ts'
import { Terminal } from './pty.ts'

const home = temporary()
afterAll(() => rmSync(home, { recursive: true, force: true }))

test('the bring-your-own-key ceremony, rehearsed by hand at a terminal, ends in a transcript that verifies and replays', async () => {
  const dir = join(home, 'by-hand')
  const terminal = Terminal.ceremony('demo', '--by-hand', '--scale', '600', '--dir', dir)
  await terminal.see('print it, or open it in another window')
  let sheet: Map<string, string> | undefined
  while (!sheet) {
    await sleep(50)
    sheet = readCheatSheet(readFileSync(join(dir, 'cheat-sheet.txt'), 'utf8'))
  }
  const code = await answerAll(terminal, rulesOf(sheet))
  expect(terminal.text.slice(-600)).toContain('Verdict')
  expect(code).toBe(0)
  // The dialogue of the vendor's tool stands on the screen as it is.
  expect(terminal.text).toContain('| Module 1 slot 0:- passphrase specified - writing card')
  expect(outcomesOf(dir).length).toBeGreaterThan(40)
  expect(await verifyTranscript(dir)).toMatchObject({ ok: true, closed: true, findings: [] })
  expect(await replayTranscript(dir)).toMatchObject({ ok: true, differences: [] })
  const own = new Set([join(dir, 'cheat-sheet.txt'), join(dir, 'rehearsal', 'azure-seed.yaml')])
  const files = filesBelow(dir).filter((file) => !own.has(file))
  for (const [name, secret] of sheet) {
    expect(terminal.raw.includes(secret), `${name} on the screen`).toBe(false)
    for (const file of files) expect(readFileSync(file, 'latin1').includes(secret), `${name} in ${file}`).toBe(false)
  }
}, 400_000)

test('paused while the vendor’s tool waits for a passphrase, then resumed, then aborted there: the tool is left as by a person, and it all replays', async () => {
  const dir = join(home, 'left')
  const begun = Terminal.ceremony('demo', '--by-hand', '--scale', '600', '--dir', dir)
  await begun.see('Is everyone in the room?')
  const sheet = readCheatSheet(readFileSync(join(dir, 'cheat-sheet.txt'), 'utf8'))
  const rules = rulesOf(sheet).filter(({ when }) => !when.source.includes('administrator card'))
  begun.type('all')
  const card = /New passphrase of administrator card, number 1 \(hidden\):/
  await answerUntil(begun, rules, card)
  begun.press('\x03')
  await begun.see('The step `create-world` is under way')
  await begun.answer('Type a letter', 'p')
  await begun.see(/Paused\. Step `create-world` failed .*nobody gave the secret/)
  expect(await begun.ended).toBe(3)

  const resumed = Terminal.ceremony('resume', dir)
  await answerUntil(resumed, rules, card)
  resumed.press('\x03')
  await resumed.answer('Type a letter', 'a')
  await resumed.answer('Who asks for it?', '1')
  await resumed.answer('Why?', 'The cards are the wrong ones.')
  await resumed.answer('Type the word "abort"', 'abort')
  await answerUntil(resumed, rules, /The ceremony was aborted/)
  expect(await resumed.ended).toBe(1)
  expect(outcomesOf(dir).filter((outcome) => outcome.startsWith('create-world'))).toEqual(['create-world  failed', 'create-world  failed'])
  expect(await verifyTranscript(dir)).toMatchObject({ ok: true, closed: true, findings: [] })
  expect(await replayTranscript(dir)).toMatchObject({ ok: true, differences: [] })
}, 200_000)
