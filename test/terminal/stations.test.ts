import { rmSync, writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { replayTranscript } from '../../engine/src/replay/replay.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { OFFICERS } from '../ceremony/small.ts'
import { officersKeys, twoStations } from '../ceremony/two-stations.ts'
import { ceremony, entriesOf } from '../e2e/rehearsal.ts'
import { Terminal } from './pty.ts'

const homes: string[] = []
afterAll(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true })
})

const RUNBOOK = `runbook: two-rooms
version: 1
title: A ceremony in two rooms
stations:
  room: { network: azure }
  desk: { network: azure }
roles:
  crypto-officer: { at-least: 2 }
  internal-witness: { at-least: 1 }
steps:
  - id: begin
    title: Look around
    station: room
    instruct: Look around.
    sign-off: { before: { crypto-officer: 2 } }
  - id: over
    title: Go to the desk
    transfer: { to: desk }
  - id: count
    title: Count the bags
    station: desk
    instruct: Count the bags.
    record: { bags: { type: integer, minimum: 1 } }
    sign-off: { after: { internal-witness: 1 } }
`

async function sign(terminal: Terminal, ...names: string[]): Promise<void> {
  for (const name of names) await terminal.answer(`Passphrase of ${name}`, OFFICERS.find((officer) => officer.name === name)!.passphrase)
}

test('two officers and a witness at two terminals in two folders, which share nothing but the bundle', async () => {
  const keys = await officersKeys()
  const { at, medium } = await twoStations(keys)
  homes.push(keys, at())
  const officers = OFFICERS.map(({ name, roles }) => ({ name, roles, key: `${name}.pem` }))
  for (const [station, other] of [
    ['room', 'desk'],
    ['desk', 'room'],
  ] as const) {
    writeFileSync(at(station, 'officers.yaml'), stringify({ officers }))
    const stations = { [station]: { key: at(station, 'station.pem') }, [other]: { 'public-key': at(station, `${other}.pub.pem`) } }
    writeFileSync(at(station, 'setup.yaml'), stringify({ mode: 'rehearsal', stations }))
  }
  writeFileSync(at('two-rooms.yaml'), RUNBOOK)
  const everyone = OFFICERS.map(({ name }) => name)

  const given = ['--setup', at('room', 'setup.yaml'), '--officers', at('room', 'officers.yaml')]
  const room = Terminal.ceremony('run', at('two-rooms.yaml'), '--dir', at('first'), ...given)
  await room.answer('Is everyone in the room?', 'all')
  await sign(room, ...everyone)
  await room.see('SIGN before it is done: begin')
  await sign(room, 'crypto-officer-1', 'crypto-officer-2')
  await room.answer('Type "done"', 'done')
  await room.see('hand-over')
  expect(await room.ended).toBe(3)
  expect(await ceremony('hand-over', at('first'), '--to', 'desk', '-o', medium)).toMatchObject({ code: 0 })

  const there = ['--setup', at('desk', 'setup.yaml'), '--officers', at('desk', 'officers.yaml')]
  expect(await ceremony('receive', medium, '--dir', at('second'), ...there)).toMatchObject({ code: 0 })
  const desk = Terminal.ceremony('resume', at('second'))
  await desk.answer('Is everyone in the room?', 'all')
  await desk.answer(/bags:/, 'three')
  await desk.answer(/is no integer.*bags:/, '3')
  await desk.answer('Is all of this right?', 'yes')
  await sign(desk, 'internal-witness-1', ...everyone)
  await desk.see('Closed after')
  expect(await desk.ended).toBe(0)

  expect(entriesOf(at('second')).map(({ kind, station }) => `${kind} ${station}`)).toContain('received desk')
  expect(await verifyTranscript(at('second'))).toMatchObject({ ok: true, closed: true, findings: [] })
  expect(await replayTranscript(at('second'))).toMatchObject({ ok: true, differences: [] })
  for (const { passphrase } of OFFICERS) expect(room.raw + desk.raw).not.toContain(passphrase)
}, 180_000)
