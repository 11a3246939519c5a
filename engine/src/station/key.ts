/** A station's identity: an Ed25519 key in a file of its own, readable by its user only. */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { type Signer, signerOf } from '../transcript/dsse.ts'

/** Makes the key. @throws Error if the file exists */
export async function createStationKey(file: string): Promise<Signer> {
  const { privateKey } = generateKeyPairSync('ed25519')
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx', flush: true })
  return signerOf(privateKey)
}

/** @throws Error if the file holds no key, or others than its user may read it */
export async function openStationKey(file: string): Promise<Signer> {
  const mode = statSync(file).mode & 0o777
  if (mode & 0o077) throw new Error(`${file} has mode ${mode.toString(8)}: others may read the station's key. Run: chmod 600 ${file}`)
  const key = createPrivateKey(readFileSync(file))
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Error(`${file} holds a key of type ${key.asymmetricKeyType}; a station's key is Ed25519`)
  return signerOf(key)
}
