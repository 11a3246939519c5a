import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageFor } from '../../plugins/hsm-ncipher/src/byok.ts'
import { checkKek } from '../../plugins/hsm-ncipher/src/key-exchange-key.ts'
import { proveMechanism } from '../../plugins/hsm-ncipher/src/known-answer.ts'
import { withCardSet } from '../../plugins/hsm-ncipher/src/open-card-set.ts'
import { wrappingMechanisms } from '../../plugins/hsm-ncipher/src/wrap.ts'
import { givePassphrases, openStation, type Station } from './station.ts'

const { n, e } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }) as { n: string; e: string }
const KEK = { kid: `https://contoso-keys-eu.vault.azure.test/keys/kek/${'0123456789abcdef'.repeat(2)}`, n, e, bits: 2048 }
const number = (hex: string): string => Buffer.from(hex, 'hex').toString('base64url')

describe('a key exchange key', () => {
  test('that is right gives its vault away', () => {
    expect(checkKek(KEK)).toMatchObject({ vault: 'contoso-keys-eu', bits: 2048, exponent: Buffer.from([1, 0, 1]) })
  })

  test.each([
    ['without a version', { kid: KEK.kid.slice(0, -33) }],
    ['over plain http', { kid: KEK.kid.replace('https', 'http') }],
    ['of a path that goes up', { kid: KEK.kid.replace('/keys/kek', '/keys/../kek') }],
    ['of another size than it says', { bits: 3072 }],
    ['of a size that no vault makes', { bits: 1024 }],
    ['with an even modulus', { n: number(`${'ff'.repeat(255)}fe`) }],
    ['with a modulus of nothing', { n: number('0000') }],
    ['with an even exponent', { e: number('010000') }],
    ['with the exponent 1', { e: number('01') }],
    ['with an exponent of many bytes', { e: number('0100000001') }],
    ['with padding', { e: 'AQAB==' }],
  ])('%s is refused', (_, change) => {
    expect(() => checkKek({ ...KEK, ...change })).toThrow(expect.objectContaining({ code: 'hsm/kek', changed: 'nothing' }))
  })
})

test('parts of a length that this key cannot have are put in no package', () => {
  const token = { label: '', manufacturer: '', model: '', serial: '', firmware: '', library: '' }
  const parts = (aes: number, key: number) => ({ encryptedAesKey: Buffer.alloc(aes), wrappedKey: Buffer.alloc(key) })
  expect(() => packageFor(checkKek(KEK), parts(256, 1224), 2048, token)).not.toThrow()
  for (const wrong of [parts(384, 1224), parts(256, 1223), parts(256, 1792), parts(256, 40)]) {
    expect(() => packageFor(checkKek(KEK), wrong, 2048, token)).toThrow(expect.objectContaining({ code: 'hsm/wrapped-length' }))
  }
})

describe('the known-answer test', () => {
  let station: Station
  beforeAll(async () => {
    station = await openStation(2)
    givePassphrases(station, 1)
    await station.outputs('create-world', { module: 1, 'acs-quorum': '1/1' })
    await station.outputs('create-operator-cards', { module: 1, name: 'contoso', quorum: '1/1' })
  })
  afterAll(() => station.close())

  test('passes over a mechanism that wraps in another form, and finds the one that is RFC 5649', async () => {
    const proven = await station.within((context) =>
      withCardSet(context, 'contoso', (session) => proveMechanism(session, ['CKM_AES_CBC_PAD', 'CKM_AES_KEY_WRAP_PAD'])),
    )
    expect(proven).toBe('CKM_AES_KEY_WRAP_PAD')
  })

  test('lets nothing be wrapped when no mechanism is proven', async () => {
    const tried = station.within((context) => withCardSet(context, 'contoso', (session) => proveMechanism(session, ['CKM_AES_KEY_WRAP'])))
    await expect(tried).rejects.toMatchObject({ code: 'hsm/known-answer', found: expect.stringContaining('CKM_AES_KEY_WRAP: ') })
  })

  test('leaves no object behind', async () => {
    const left = await station.within((context) =>
      withCardSet(context, 'contoso', async (session) => {
        await proveMechanism(session, await wrappingMechanisms(session))
        return session.findObjects({})
      }),
    )
    expect(left).toEqual([])
    expect(station.effects().filter((effect) => effect.startsWith('key/'))).toEqual([])
  })
})
