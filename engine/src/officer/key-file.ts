/** Officers' keys as files: Ed25519, encrypted under a passphrase, with the public half beside it. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { keyidOf, publicKeyOf, type Signer, signerOf } from '../transcript/dsse.ts'
import { encryptKey } from './encrypted-key.ts'
import { type OfficerKey, WrongSecretError } from './officer-key.ts'

/** The fewest characters that `officer new` takes: shorter passphrases are guessed by machines. */
export const MIN_PASSPHRASE = 12

/** A key file that cannot be used; the message is for the officer. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError'
  readonly code: 'key-file/passphrase' | 'key-file/unreadable'
  constructor(code: KeyFileError['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/**
 * Makes a key and writes `name.pem` (mode 0600, encrypted) and `name.pub.pem` (the public half).
 * @throws KeyFileError for an empty passphrase
 * @throws Error if one of the files exists
 */
export async function createOfficerKey(file: string, passphrase: string): Promise<Signer> {
  if (passphrase === '')
    throw new KeyFileError('key-file/passphrase', `The passphrase for ${file} is empty. Choose one that nobody guesses.`)
  const { privateKey } = generateKeyPairSync('ed25519')
  writeFileSync(file, await encryptKey(privateKey, passphrase), { mode: 0o600, flag: 'wx', flush: true })
  const signer = signerOf(privateKey)
  writeFileSync(publicHalf(file), signer.publicKey, { mode: 0o644, flag: 'wx', flush: true })
  return signer
}

/** @returns where the public half of a key file lies */
function publicHalf(file: string): string {
  return `${file.replace(/\.pem$/, '')}.pub.pem`
}

/**
 * @returns the key of a file, locked; whose it is comes from the public half beside it
 * @throws KeyFileError if the public half cannot be read
 */
export function fileKey(file: string): OfficerKey {
  let publicKey: string
  let keyid: string
  try {
    const key = publicKeyOf(readFileSync(publicHalf(file), 'utf8'))
    publicKey = key.export({ type: 'spki', format: 'pem' }) as string
    keyid = keyidOf(key)
  } catch (error) {
    throw new KeyFileError('key-file/unreadable', `The public half ${publicHalf(file)} cannot be read: ${(error as Error).message}`, error)
  }
  return {
    keyid,
    publicKey,
    where: file,
    unlockedBy: 'passphrase',
    async sign(message, secret) {
      const signer = await openOfficerKey(file, secret).catch((error: unknown) => {
        const wrong = error instanceof KeyFileError && error.code === 'key-file/passphrase'
        throw wrong ? new WrongSecretError(error.message, { cause: error }) : error
      })
      if (signer.keyid !== keyid)
        throw new KeyFileError(
          'key-file/unreadable',
          `${file} holds another key than ${publicHalf(file)} says: ${signer.keyid}, not ${keyid}`,
        )
      return signer.sign(message)
    },
  }
}

/** @throws KeyFileError if the passphrase is wrong or the file holds no such key */
export async function openOfficerKey(file: string, passphrase: string): Promise<Signer> {
  return signerOf(decrypt(file, passphrase))
}

function decrypt(file: string, passphrase: string): KeyObject {
  let pem: string
  try {
    pem = readFileSync(file, 'utf8')
  } catch (error) {
    throw new KeyFileError('key-file/unreadable', `The key file ${file} cannot be read: ${(error as Error).message}`, error)
  }
  // Without this check OpenSSL would take a key that lies open for one that the passphrase protects.
  if (!pem.startsWith('-----BEGIN ENCRYPTED PRIVATE KEY-----')) {
    throw new KeyFileError(
      'key-file/unreadable',
      `${file} holds no encrypted private key (PKCS#8 PEM). Give the file that \`createOfficerKey\` wrote.`,
    )
  }
  try {
    return createPrivateKey({ key: pem, format: 'pem', passphrase })
  } catch (error) {
    // A wrong passphrase shows in the padding, or once in 256 times only in what stands before it: as damage would.
    throw new KeyFileError(
      'key-file/passphrase',
      `The passphrase does not open ${file}. Type it again; if it is right, the file is damaged.`,
      error,
    )
  }
}
