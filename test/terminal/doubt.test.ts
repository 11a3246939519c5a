import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { prepare } from '../../engine/src/ceremony/folder.ts'
import { replayTranscript } from '../../engine/src/replay/replay.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { entriesOf } from '../e2e/rehearsal.ts'
import { Terminal } from './pty.ts'
import { close, layOut, open, sign } from './small.ts'

const MAIN = fileURLToPath(new URL('./with-fixtures.ts', import.meta.url))
const PLUGINS = fileURLToPath(new URL('../plugin/fixtures', import.meta.url))
let home = ''
afterAll(() => rmSync(home, { recursive: true, force: true }))

const RUNBOOK = `runbook: doubt
version: 1
title: A ceremony in doubt
stations:
  room: { network: azure }
roles:
  crypto-officer: { at-least: 2 }
  internal-witness: { at-least: 1 }
plugins:
  silent: ^1
steps:
  - id: first
    title: Act once
    station: room
    uses: silent/act
    with: { milliseconds: 6000 }
    sign-off: { before: { crypto-officer: 2 } }
  - id: second
    title: Act again
    uses: silent/act
    with: { milliseconds: 6000 }
`

/** Waits until the plugin is at work, and stops at once. */
async function interrupt(terminal: Terminal, dir: string): Promise<void> {
  const exchanges = join(dir, 'exchanges.open.jsonl')
  while (!existsSync(exchanges) || !readFileSync(exchanges, 'utf8').includes('"ask":')) await sleep(20)
  terminal.press('\x03')
  await terminal.see('Type a letter')
  terminal.press('\x03')
  await terminal.see('was under way: when you resume, the world is asked')
  expect(await terminal.ended).toBe(3)
}

async function resume(dir: string): Promise<Terminal> {
  const terminal = Terminal.start([process.execPath, MAIN, dir])
  await terminal.answer('Is everyone in the room?', 'all')
  return terminal
}

test('where neither transcript nor world can tell, the officers decide by quorum, and the replay takes their word', async () => {
  const laid = await layOut(RUNBOOK)
  home = laid.home
  const { dir } = laid
  const from = (name: string): string => join(home, name)
  prepare(dir, { runbook: from('runbook.yaml'), setup: from('setup.yaml'), officers: from('officers.yaml') })
  const begun = Terminal.start([process.execPath, MAIN, dir])
  await open(begun)
  await begun.answer('Who signs?', '1 2')
  await sign(begun, 'crypto-officer-1', 'crypto-officer-2')
  await interrupt(begun, dir)

  const left = await resume(dir)
  await left.see('IN DOUBT')
  await left.answer('Type "took effect"', 'yes')
  await left.answer('One of the three, in these words.', 'leave')
  await left.see('[step/in-doubt]')
  expect(await left.ended).toBe(3)

  const decided = await resume(dir)
  await decided.answer('Type "took effect"', 'took effect')
  await decided.answer('What have you seen', 'The lamp is on.')
  await decided.see('SIGN your word on a step in doubt: first')
  await decided.answer('Who signs?', '1 3')
  await sign(decided, 'crypto-officer-1', 'crypto-officer-3')
  await decided.answer(/serial:/, '47111')
  await decided.answer(/does not fit.*serial:/, '0815')
  await decided.answer('Is all of this right?', 'yes')
  await decided.see('Step 2 of 2')
  await interrupt(decided, dir)

  const again = await resume(dir)
  await again.answer('Type "took effect"', 'did not')
  await again.answer('What have you seen', 'The lamp is off.')
  await again.answer('Who signs?', '1 2 4')
  await sign(again, 'crypto-officer-1', 'crypto-officer-2', 'internal-witness-1')
  await close(again)

  const word = entriesOf(dir).filter(({ kind }) => kind === 'resolution')
  expect(word).toMatchObject([
    { step: 'first', how: 'officers', verdict: 'done', facts: expect.stringContaining('the officers saw: The lamp is on.') },
    { step: 'second', how: 'officers', verdict: 'not-done', facts: expect.stringContaining('The lamp is off.') },
  ])
  expect(entriesOf(dir).filter(({ kind }) => kind === 'outcome')).toMatchObject([
    { step: 'first', outputs: { serial: '0815' }, reconciled: true },
    { step: 'second', outputs: { serial: '4711' }, reconciled: false },
  ])
  expect(await verifyTranscript(dir)).toMatchObject({ ok: true, closed: true, findings: [] })
  expect(await replayTranscript(dir, { pluginFolders: [PLUGINS] })).toMatchObject({ ok: true, differences: [] })
}, 180_000)
