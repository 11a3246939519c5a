/** Two machines that share nothing: each with its own folder, key, setup and copies of the officers' keys. */
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { stringify } from 'yaml'
import { prepare } from '../../engine/src/ceremony/folder.ts'
import { handOver } from '../../engine/src/ceremony/hand-over.ts'
import { type ReceivedCeremony, receive } from '../../engine/src/ceremony/receive.ts'
import { carryOn } from '../../engine/src/ceremony/session.ts'
import { createOfficerKey } from '../../engine/src/officer/key-file.ts'
import { createStation } from '../../engine/src/station/identity.ts'
import { OFFICERS, PLUGINS, runbookOf } from './small.ts'

const STEPS = `
  - id: begin
    title: Begin
    station: room
    uses: nothing/do
    with: { number: 7 }
    sign-off: { before: { crypto-officer: 2 } }
  - id: over
    title: Go to the desk
    transfer: { to: desk }
  - id: at-the-desk
    title: Do something at the desk
    station: desk
    uses: nothing/do
    with: { number: '\${{ steps.begin.outputs.number + 1 }}' }
  - id: back
    title: Go back to the room
    transfer: { to: room }
  - id: end
    title: Do something in the room again
    station: room
    uses: nothing/do
    with: { number: '\${{ steps["at-the-desk"].outputs.number + 1 }}' }
`
export interface TwoStations {
  /** Where the bundle goes. */
  readonly medium: string
  /** A path below the folder that holds both; `at('room')` and `at('desk')` are the stations. */
  at(...path: string[]): string
  /** Runs what is left of the ceremony at a station. */
  carry(station: string): Promise<void>
  /** Runs until the ceremony stops for another station. */
  untilHandedOver(station: string): Promise<void>
  moveTo(from: string, to: string): Promise<ReceivedCeremony>
}

/** Makes the officers' keys, which takes long, into a folder of their own. */
export async function officersKeys(): Promise<string> {
  const keys = mkdtempSync(join(tmpdir(), 'ceremony-keys-'))
  await Promise.all(OFFICERS.map(({ name, passphrase }) => createOfficerKey(join(keys, `${name}.pem`), passphrase)))
  return keys
}

/** Lays them out, with a ceremony that is to begin in the room. */
export async function twoStations(keys: string): Promise<TwoStations> {
  const home = mkdtempSync(join(tmpdir(), 'ceremony-stations-'))
  const at = (...path: string[]): string => join(home, ...path)
  const medium = at('medium.bundle')
  for (const station of ['room', 'desk']) {
    mkdirSync(at(station))
    await createStation(at(station), station)
  }
  for (const [station, other] of [
    ['room', 'desk'],
    ['desk', 'room'],
  ] as const) {
    cpSync(keys, at(station), { recursive: true })
    cpSync(at(other, `${other}.pub.pem`), at(station, `${other}.pub.pem`))
    const setup = { mode: 'rehearsal', stations: { [station]: { key: 'station.pem' }, [other]: { 'public-key': `${other}.pub.pem` } } }
    writeFileSync(at(station, 'setup.yaml'), stringify(setup))
    const officers = OFFICERS.map((officer) => ({ ...officer, key: `${officer.name}.pem` }))
    writeFileSync(at(station, 'answers.yaml'), stringify({ officers }))
  }
  writeFileSync(at('given.yaml'), runbookOf(STEPS))
  const files = { runbook: at('given.yaml'), setup: at('room', 'setup.yaml'), answers: at('room', 'answers.yaml') }
  prepare(at('room'), files)
  const carry = (station: string): Promise<void> => carryOn({ dir: at(station), progress: () => {}, pluginFolders: [PLUGINS] })
  return {
    at,
    medium,
    carry,
    untilHandedOver: (station) => expect(carry(station)).rejects.toMatchObject({ code: 'station/handed-over', exitCode: 3 }),
    async moveTo(from, to) {
      await handOver(at(from), to, medium)
      return receive(medium, at(to))
    },
  }
}
