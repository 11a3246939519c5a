/** A small ceremony for people at a terminal, in a folder of its own: a runbook without plugins, officers, stations. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { stringify } from 'yaml'
import { createOfficerKey } from '../../engine/src/officer/key-file.ts'
import { createStationKey } from '../../engine/src/station/key.ts'
import type { Terminal } from './pty.ts'

export const PEOPLE = [
  { name: 'crypto-officer-1', roles: ['crypto-officer'], passphrase: 'first of the passphrases' },
  { name: 'crypto-officer-2', roles: ['crypto-officer'], passphrase: 'second of the passphrases' },
  { name: 'crypto-officer-3', roles: ['crypto-officer'], passphrase: 'third of the passphrases' },
  { name: 'internal-witness-1', roles: ['internal-witness'], passphrase: 'fourth of the passphrases' },
]

const RUNBOOK = `runbook: small
version: 1
title: A small ceremony
stations:
  room: { network: azure }
roles:
  crypto-officer: { at-least: 2 }
  internal-witness: { at-least: 1 }
steps:
  - id: look
    phase: Begin
    title: Look around
    station: room
    instruct: Look around, and see that nobody else is here.
    sign-off: { before: { crypto-officer: 2 } }
  - id: seal
    phase: Cards
    title: Seal the cards
    instruct: Put each card into its own bag.
    record:
      bag: { type: string, pattern: '^[A-Z]{2}[0-9]{6}$', asked: twice, for-each: '2' }
      sealed: { type: boolean, enum: [true] }
    sign-off: { after: { crypto-officer: 1, internal-witness: 1 } }
  - id: right
    title: Check
    assert:
      - that: steps.seal.outputs.sealed
        message: The bags must be sealed
`

/** Lays the folder out. @returns the folder for the ceremony, and what \`run\` is given */
export async function layOut(
  runbook = RUNBOOK,
  mode: 'rehearsal' | 'production' = 'rehearsal',
): Promise<{ home: string; dir: string; run: string[] }> {
  const home = mkdtempSync(join(tmpdir(), 'ceremony-terminal-'))
  const keys = join(home, 'keys')
  mkdirSync(keys)
  await Promise.all([
    ...PEOPLE.map(({ name, passphrase }) => createOfficerKey(join(keys, `${name}.pem`), passphrase)),
    createStationKey(join(keys, 'room.pem')),
  ])
  writeFileSync(join(home, 'runbook.yaml'), runbook)
  const dir = join(home, 'ceremony')
  mkdirSync(dir)
  writeFileSync(join(home, 'setup.yaml'), stringify({ mode, stations: { room: { key: join(keys, 'room.pem') } } }))
  const officers = PEOPLE.map(({ name, roles }) => ({ name, roles, key: `keys/${name}.pem` }))
  writeFileSync(join(home, 'officers.yaml'), stringify({ officers }))
  const given = ['--setup', join(home, 'setup.yaml'), '--officers', join(home, 'officers.yaml')]
  return { home, dir, run: ['run', join(home, 'runbook.yaml'), '--dir', dir, ...given] }
}

export const passphraseOf = (name: string): string => PEOPLE.find((person) => person.name === name)!.passphrase

/** Signs for those named, each when asked. */
export async function sign(terminal: Terminal, ...names: string[]): Promise<void> {
  for (const name of names) await terminal.answer(`Passphrase of ${name}`, passphraseOf(name))
}

/** Everyone is there and signs the opening. */
export async function open(terminal: Terminal): Promise<void> {
  await terminal.answer('Is everyone in the room?', 'all')
  await terminal.see('SIGN the opening of the ceremony')
  await sign(terminal, ...PEOPLE.map(({ name }) => name))
}

/** Everyone signs the end. */
export async function close(terminal: Terminal): Promise<void> {
  await terminal.see('SIGN the end of the ceremony')
  await sign(terminal, ...PEOPLE.map(({ name }) => name))
  await terminal.see('Closed after')
  expect(await terminal.ended).toBe(0)
}
