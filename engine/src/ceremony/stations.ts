/** The stations of a ceremony as one of them sees them: whose keys are here, and who has the baton. */
import { readFileSync } from 'node:fs'
import type { Runbook } from '../runbook/model.ts'
import { openStationKey } from '../station/key.ts'
import { keyidOf, publicKeyOf, type Signer } from '../transcript/dsse.ts'
import type { Opened } from '../transcript/entry.ts'
import type { History } from '../transcript/history.ts'
import { CeremonyError } from './error.ts'
import type { Setup } from './setup-file.ts'

export interface Stations {
  /** Those whose private keys this setup names: in a rehearsal all of them, otherwise the one that this machine is. */
  readonly own: Readonly<Record<string, Signer>>
  /** The public halves of all. */
  readonly known: Opened['stations']
}

/**
 * @param names the stations that are needed
 * @throws CeremonyError `setup/no-station`, `setup/station-key`
 */
export async function openStations(setup: Setup, names: readonly string[]): Promise<Stations> {
  const missing = names.filter((name) => !setup.stations[name])
  if (missing.length > 0) {
    throw new CeremonyError('setup/no-station', `The setup names no key for station ${missing.join(', ')}.`, {
      found: Object.keys(setup.stations).join(', ') || 'no stations',
      expected: names.join(', '),
      advice: 'Add the station under `stations:` in the setup: `key` for the one that this machine is, `public-key` for the others.',
      exitCode: 2,
    })
  }
  const own: Record<string, Signer> = {}
  const known: Record<string, { keyid: string; public_key: string }> = {}
  for (const name of names) {
    const station = setup.stations[name]!
    try {
      if ('key' in station) {
        const signer = await openStationKey(station.key)
        own[name] = signer
        known[name] = { keyid: signer.keyid, public_key: signer.publicKey }
      } else {
        const key = publicKeyOf(readFileSync(station.publicKey, 'utf8'))
        known[name] = { keyid: keyidOf(key), public_key: key.export({ type: 'spki', format: 'pem' }) as string }
      }
    } catch (error) {
      throw new CeremonyError('setup/station-key', `The key of station ${name} cannot be used.`, {
        found: (error as Error).message,
        expected: 'a file made by `ceremony station init`',
        advice: 'Correct its path under `stations:` in the setup.',
        exitCode: 2,
        cause: error,
      })
    }
  }
  return { own, known }
}

/**
 * Only the station that holds the baton writes.
 * @throws CeremonyError `station/handed-over`, `station/not-here` (exit 3) with what to type next
 */
export function requireBaton(history: History, runbook: Runbook, stations: Stations, dir: string): void {
  if (history.closed) return
  const { handedOverTo } = history
  const holder = handedOverTo ?? (history.station || runbook.steps[0]!.station)
  if (stations.own[holder]) return
  const here = Object.keys(stations.own).join(', ') || 'no station'
  if (handedOverTo !== undefined) {
    throw new CeremonyError('station/handed-over', `The ceremony is handed over to station \`${handedOverTo}\`.`, {
      found: `the baton is on its way to \`${handedOverTo}\`; the keys here are of ${here}`,
      expected: `the bundle to be received at \`${handedOverTo}\``,
      advice: [
        'Write the bundle onto a medium:',
        `  ceremony hand-over ${dir} --to ${handedOverTo} -o MEDIUM/${handedOverTo}.bundle`,
        `carry it to \`${handedOverTo}\`, and there:`,
        `  ceremony receive MEDIUM/${handedOverTo}.bundle --dir DIR`,
        '  ceremony resume DIR',
      ].join('\n'),
      exitCode: 3,
    })
  }
  throw new CeremonyError('station/not-here', `Station \`${holder}\` has the baton, and this is not \`${holder}\`.`, {
    found: `keys of ${here}`,
    expected: `the key of \`${holder}\``,
    advice: history.opened
      ? `Go on at \`${holder}\`. When it hands the ceremony over, receive its bundle here: ceremony receive BUNDLE --dir ${dir}`
      : `Begin the ceremony at \`${holder}\`, where its first step belongs.`,
    exitCode: 3,
  })
}
