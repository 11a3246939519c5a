/** A station's folder: its key, the public half to be carried to the others, and what it is called. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Signer } from '../transcript/dsse.ts'
import { createStationKey } from './key.ts'

/**
 * Makes `station.pem`, `NAME.pub.pem` and `station.yaml`.
 * @throws Error (EEXIST) if the folder already holds a station's key
 */
export async function createStation(dir: string, name: string): Promise<Signer> {
  const signer = await createStationKey(join(dir, 'station.pem'))
  writeFileSync(join(dir, `${name}.pub.pem`), signer.publicKey, { mode: 0o644, flush: true })
  writeFileSync(join(dir, 'station.yaml'), `station: ${name}\nkeyid: ${signer.keyid}\n`, { mode: 0o644, flush: true })
  return signer
}
