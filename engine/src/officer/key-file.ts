/**
 * Officers' keys as files: Ed25519, PKCS#8 encrypted under a passphrase (PBES2: PBKDF2-HMAC-SHA-256 and AES-256-CBC, as
 * OpenSSL reads it), with the public half beside it.
 */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { type Signer, signerOf } from '../transcript/dsse.ts'

/**
 * Makes a key and writes `file` (mode 0600) and `file` with `.pub` in it (`name.pub.pem`).
 * @throws Error if the file exists
 */
export async function createOfficerKey(file: string, passphrase: string): Promise<Signer> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })
  writeFileSync(file, pem, { mode: 0o600, flag: 'wx' })
  const signer = signerOf(privateKey)
  writeFileSync(file.replace(/\.pem$/, '.pub.pem'), signer.publicKey, { mode: 0o644, flag: 'wx' })
  return signer
}

/** @throws Error if the passphrase is wrong or the file holds no such key */
export async function openOfficerKey(file: string, passphrase: string): Promise<Signer> {
  return signerOf(createPrivateKey({ key: readFileSync(file), format: 'pem', passphrase }))
}
