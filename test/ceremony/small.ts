/** A small ceremony with real keys and the plugin that does nothing, in a folder of its own. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { prepare } from '../../engine/src/ceremony/folder.ts'
import type { ProgressEvent } from '../../engine/src/ceremony/progress.ts'
import { carryOn } from '../../engine/src/ceremony/session.ts'
import { createOfficerKey } from '../../engine/src/officer/key-file.ts'
import { createStationKey } from '../../engine/src/station/key.ts'

export const PLUGINS = fileURLToPath(new URL('../plugin/fixtures', import.meta.url))
export const OFFICERS = [
  { name: 'crypto-officer-1', roles: ['crypto-officer'], passphrase: 'first of the passphrases' },
  { name: 'crypto-officer-2', roles: ['crypto-officer'], passphrase: 'second of the passphrases' },
  { name: 'internal-witness-1', roles: ['internal-witness'], passphrase: 'third of the passphrases' },
]

/** Frame of a runbook around some steps (YAML, indented by two). */
export const runbookOf = (steps: string): string => `runbook: small
version: 1
title: A small ceremony
parameters:
  numbers: { type: array, items: { type: string }, default: [one, two] }
stations:
  room: { network: azure }
  desk: { network: azure }
roles:
  crypto-officer: { at-least: 2 }
  internal-witness: { at-least: 1 }
plugins:
  nothing: ^1
steps:
${steps}`

export const STEPS = `
  - id: begin
    title: Begin
    station: room
    uses: nothing/do
    with: { number: 7 }
    sign-off: { before: { crypto-officer: 2 }, after: { internal-witness: 1 } }
  - id: each
    title: One for each
    for-each: \${{ parameters.numbers }}
    uses: nothing/do
    with: { number: '\${{ steps.begin.outputs.number + 1 }}' }
  - id: seven
    title: It is seven
    assert:
      - that: steps.begin.outputs.number == 7
        message: It must be seven
  - id: over
    title: Go to the desk
    transfer: { to: desk }
  - id: never
    title: Never done
    station: desk
    when: steps.begin.outputs.number == 8
    uses: nothing/do
    with: {}
  - id: write-down
    title: Write something down
    instruct: Write down the colour
    record:
      colour: { type: string }
    sign-off: { after: { crypto-officer: 2, internal-witness: 1 } }
`

/** Lays the folder out. @returns the folder */
export async function layOut(runbook = runbookOf(STEPS), answers: object = {}): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'ceremony-small-'))
  const write = (name: string, data: unknown): string => {
    writeFileSync(join(dir, name), typeof data === 'string' ? data : stringify(data), { mode: 0o600 })
    return join(dir, name)
  }
  await Promise.all([
    ...OFFICERS.map(({ name, passphrase }) => createOfficerKey(join(dir, `${name}.pem`), passphrase)),
    ...['room', 'desk'].map((station) => createStationKey(join(dir, `${station}.pem`))),
  ])
  const setup = write('setup.yaml', { mode: 'rehearsal', stations: { room: { key: 'room.pem' }, desk: { key: 'desk.pem' } } })
  const officers = OFFICERS.map((officer) => ({ ...officer, key: `${officer.name}.pem` }))
  const answered = write('answers.yaml', { officers, records: { 'write-down': { colour: 'green' } }, ...answers })
  prepare(dir, { runbook: write('given.yaml', runbook), setup, answers: answered })
  return dir
}

/** Runs what is left of the ceremony. @returns what it told */
export async function carry(dir: string): Promise<ProgressEvent[]> {
  const events: ProgressEvent[] = []
  await carryOn({ dir, progress: (event) => events.push(event), pluginFolders: [PLUGINS] })
  return events
}
