/** A station's identity: an Ed25519 key in a file of its own, readable by its user only. */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { type Signer, signerOf } from '../transcript/dsse.ts'

/** Makes the key. @throws Error if the file exists */
export async function createStationKey(file: string): Promise<Signer> {
  const { privateKey } = generateKeyPairSync('ed25519')
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' })
  return signerOf(privateKey)
}

/** @throws Error if the file holds no key */
export async function openStationKey(file: string): Promise<Signer> {
  return signerOf(createPrivateKey(readFileSync(file)))
}
