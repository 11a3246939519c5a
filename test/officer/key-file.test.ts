import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createOfficerKey, KeyFileError, openOfficerKey } from '../../engine/src/officer/key-file.ts'
import { createStationKey, openStationKey } from '../../engine/src/station/key.ts'
import { isSignedBy, publicKeyOf } from '../../engine/src/transcript/dsse.ts'

const dir = mkdtempSync(join(tmpdir(), 'ceremony-keys-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const PASSPHRASE = 'correct horse – battery staple'
const file = join(dir, 'officer.pem')
const made = await createOfficerKey(file, PASSPHRASE)

describe('an officer’s key', () => {
  test('opens with its passphrase and signs as the same', async () => {
    const opened = await openOfficerKey(file, PASSPHRASE)
    expect([opened.keyid, opened.publicKey]).toEqual([made.keyid, made.publicKey])
    const message = Buffer.from('a message')
    expect(isSignedBy(publicKeyOf(made.publicKey), message, await opened.sign(message))).toBe(true)
  })

  test('does not open with another passphrase, and the message names the file and says what to do', async () => {
    for (const wrong of [`${PASSPHRASE} `, '', PASSPHRASE.toUpperCase()]) {
      const error = await openOfficerKey(file, wrong).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(KeyFileError)
      expect(error).toMatchObject({ code: 'key-file/passphrase', message: expect.stringContaining(file) })
    }
  })

  test('is readable by its owner only, with the public half beside it', () => {
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(dir, 'officer.pub.pem'), 'utf8')).toBe(made.publicKey)
  })

  test('is what OpenSSL reads, with scrypt under the passphrase', () => {
    const text = spawnSync('openssl', ['asn1parse', '-in', file], { encoding: 'utf8' }).stdout
    const said = [...text.matchAll(/(?:OBJECT|INTEGER) +:(.+)/g)].map(([, value]) => value)
    expect(said).toEqual(['PBES2', 'scrypt', '4000', '08', '05', 'aes-256-cbc'])
    const opened = spawnSync('openssl', ['pkey', '-in', file, '-passin', 'stdin', '-pubout'], {
      input: `${PASSPHRASE}\n`,
      encoding: 'utf8',
    })
    expect(opened.stdout).toBe(made.publicKey)
  })

  test('is never written over, and never made under an empty passphrase', async () => {
    await expect(createOfficerKey(file, 'another')).rejects.toThrow('EEXIST')
    await expect(createOfficerKey(join(dir, 'empty.pem'), '')).rejects.toThrow(KeyFileError)
    expect(existsSync(join(dir, 'empty.pem'))).toBe(false)
  })

  test('may have any name', async () => {
    await createOfficerKey(join(dir, 'plain'), 'x')
    expect(existsSync(join(dir, 'plain.pub.pem'))).toBe(true)
  })

  test('that is missing, public, damaged or not encrypted is refused', async () => {
    const open = join(dir, 'open.pem')
    writeFileSync(open, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const damaged = join(dir, 'damaged.pem')
    writeFileSync(damaged, readFileSync(file, 'utf8').replace(/[A-Za-z]{4}/, 'AAAA'))
    for (const path of [join(dir, 'none.pem'), join(dir, 'officer.pub.pem'), open, damaged]) {
      await expect(openOfficerKey(path, PASSPHRASE)).rejects.toThrow(KeyFileError)
    }
  })
})

describe('a station’s key', () => {
  test('opens as it was made, and is never written over', async () => {
    const path = join(dir, 'station.pem')
    const station = await createStationKey(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect((await openStationKey(path)).keyid).toBe(station.keyid)
    await expect(createStationKey(path)).rejects.toThrow('EEXIST')
  })

  test('that others may read is refused, with the command that mends it', async () => {
    const path = join(dir, 'shared.pem')
    await createStationKey(path)
    chmodSync(path, 0o640)
    await expect(openStationKey(path)).rejects.toThrow(`chmod 600 ${path}`)
  })

  test('of another kind is refused', async () => {
    const path = join(dir, 'rsa.pem')
    writeFileSync(path, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }), {
      mode: 0o600,
    })
    await expect(openStationKey(path)).rejects.toThrow('Ed25519')
  })
})
