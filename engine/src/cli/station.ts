/** `ceremony station init`: the identity of this machine. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { CeremonyError } from '../ceremony/error.ts'
import { createStation } from '../station/identity.ts'
import { fingerprintLines } from './fingerprint.ts'

export async function stationInit({ name, dir }: { name: string; dir: string }): Promise<undefined> {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) {
    throw new CeremonyError('station/name', `A station cannot be called ${JSON.stringify(name)}.`, {
      found: name,
      expected: 'small letters, digits and hyphens, a letter first',
      advice: 'Take the name that the runbook has under `stations:`.',
      exitCode: 2,
    })
  }
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  try {
    const { keyid } = await createStation(dir, name)
    const lines = [
      `Station ${name} has its identity in ${dir}.`,
      ...fingerprintLines('Key', keyid),
      'Do next',
      '  write the fingerprint on paper; in the setups name the key:',
      `    here              stations: { ${name}: { key: ${join(dir, 'station.pem')} } }`,
      `    elsewhere         stations: { ${name}: { public-key: ${name}.pub.pem } }`,
      `  carry ${join(dir, `${name}.pub.pem`)} to the other stations, and compare its fingerprint there with the paper.`,
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new CeremonyError('station/exists', `${dir} already holds the identity of a station.`, {
      found: join(dir, 'station.pem'),
      expected: 'a folder without one',
      advice: 'Use that identity, or choose another folder. A key is never written over.',
      exitCode: 2,
    })
  }
}
