import { createHash, createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningTwin, SCOPES, STRANGER, startTwin } from '../azure-twin.ts'
import { byok, keyExchangeKey, type PublicKey, premiumVault, targetKey, upload, vault, wrappingKey } from './vault-setup.ts'

let twin: RunningTwin
let kek: PublicKey
const target = targetKey()

beforeAll(async () => {
  twin = await startTwin({ scale: 3600 })
  await Promise.all([premiumVault(twin, 'europe'), premiumVault(twin, 'america', {}, 'eastus')])
  kek = await keyExchangeKey(twin, 'europe', 'kek')
})
afterAll(() => twin.remove())

const refusal = { error: { code: 'BadParameter', message: expect.any(String) } }

describe('authentication', () => {
  test('a request without a token gets the challenge that SDKs look for', async () => {
    const answer = await twin.request('GET', 'https://europe.vault.azure.test/keys?api-version=7.4')
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toMatch(
      /^Bearer authorization="https:\/\/login\.azure\.test\/[0-9a-f-]{36}", resource="https:\/\/vault\.azure\.test"$/,
    )
    expect(answer.json.error.code).toBe('Unauthorized')
  })

  test('a token for the resource manager is refused by the vault, and says so', async () => {
    const answer = await twin.request('GET', 'https://europe.vault.azure.test/keys?api-version=7.4', { scope: SCOPES.arm })
    expect(answer.status).toBe(401)
    expect(answer.json.error.message).toContain('AKV10022: Invalid audience')
  })

  test('a caller whom no access policy names is refused with what is missing', async () => {
    const answer = await vault(twin, 'europe', 'GET', '/keys/kek', undefined, STRANGER)
    expect(answer.status).toBe(403)
    expect(answer.json.error).toMatchObject({ code: 'Forbidden', innererror: { code: 'AccessDenied' } })
    expect(answer.json.error.message).toContain(`oid=${STRANGER.objectId}`)
    expect(answer.json.error.message).toContain('does not have keys get permission')
  })
})

describe('a key exchange key', () => {
  test('has `import` and nothing else', async () => {
    const answer = await vault(twin, 'europe', 'GET', '/keys/kek')
    expect(answer.json.key).toMatchObject({ kty: 'RSA-HSM', key_ops: ['import'], kid: kek.kid })
    expect(answer.json.attributes).toMatchObject({ enabled: true, recoveryLevel: 'Recoverable', recoverableDays: 90, exportable: false })
  })

  test.each([
    ['beside another operation', { kty: 'RSA-HSM', key_ops: ['import', 'wrapKey'] }],
    ['for a software key', { kty: 'RSA', key_ops: ['import'] }],
    ['of an unknown size', { kty: 'RSA-HSM', key_size: 1024, key_ops: ['import'] }],
  ])('is refused %s', async (_, body) => {
    const answer = await vault(twin, 'europe', 'POST', '/keys/refused/create', body)
    expect(answer).toMatchObject({ status: 400, json: refusal })
    expect((await vault(twin, 'europe', 'GET', '/keys/refused')).status).toBe(404)
  })

  test('cannot get operations later, nor be used', async () => {
    expect(await vault(twin, 'europe', 'PATCH', '/keys/kek', { key_ops: ['wrapKey'] })).toMatchObject({ status: 400 })
    const used = await vault(twin, 'europe', 'POST', '/keys/kek/wrapkey', { alg: 'RSA-OAEP', value: 'AAAA' })
    expect(used.status).toBe(403)
  })
})

describe('importing a key transfer blob', () => {
  test('gives the vault the key that was wrapped', async () => {
    const answer = await upload(twin, 'europe', 'imported', byok(kek, target))
    expect(answer.status).toBe(200)
    expect(answer.json.key).toMatchObject({ kty: 'RSA-HSM', key_ops: ['wrapKey', 'unwrapKey'] })
    expect(answer.json.key.n).toBe(createPublicKey(target).export({ format: 'jwk' }).n)
  })

  test('takes 3072 and 4096 bits, and key exchange keys of those sizes', async () => {
    const large = await keyExchangeKey(twin, 'europe', 'large-kek', 3072)
    for (const bits of [3072, 4096]) {
      const answer = await upload(twin, 'europe', `imported-${bits}`, byok(large, targetKey(bits)))
      expect(answer.status).toBe(200)
      expect(Buffer.from(answer.json.key.n, 'base64url').length * 8).toBe(bits)
    }
  })

  test('refuses a blob for another vault’s key exchange key, and one whose kid was forged', async () => {
    const other = await keyExchangeKey(twin, 'america', 'kek')
    const foreign = await upload(twin, 'america', 'foreign', byok(kek, target))
    expect(foreign).toMatchObject({ status: 400, json: refusal })
    expect(foreign.json.error.message).toContain('another vault')
    const forged = await upload(twin, 'america', 'foreign', byok({ ...kek, kid: other.kid }, target))
    expect(forged).toMatchObject({ status: 400, json: refusal })
    expect(forged.json.error.message).toContain('could not be unwrapped')
    expect((await vault(twin, 'america', 'GET', '/keys/foreign')).status).toBe(404)
  })

  const header = (change: Record<string, unknown>) => (envelope: Record<string, unknown>) => ({
    ...envelope,
    header: { ...(envelope.header as object), ...change },
  })
  test.each<[string, (envelope: Record<string, unknown>) => unknown]>([
    ['without the version of its key exchange key', header({ kid: 'https://europe.vault.azure.test/keys/kek' })],
    ['for a version that is not there', header({ kid: `https://europe.vault.azure.test/keys/kek/${'0'.repeat(32)}` })],
    ['of another algorithm', header({ alg: 'RSA-OAEP' })],
    ['of another encryption', header({ enc: 'A256GCM' })],
    ['with an unknown header', header({ extra: 1 })],
    ['with an unknown property', (envelope) => ({ ...envelope, comment: 'hello' })],
    ['of another schema', (envelope) => ({ ...envelope, schema_version: '2.0.0' })],
    [
      'in base64 instead of base64url',
      (envelope) => ({ ...envelope, ciphertext: `${Buffer.from(String(envelope.ciphertext), 'base64url').toString('base64')}=` }),
    ],
    ['cut short', (envelope) => ({ ...envelope, ciphertext: String(envelope.ciphertext).slice(0, 400) })],
    ['that is a list', (envelope) => [envelope]],
  ])('refuses a blob %s', async (_, change) => {
    const answer = await upload(twin, 'europe', 'spoilt', byok(kek, target, change))
    expect(answer).toMatchObject({ status: 400, json: refusal })
    expect((await vault(twin, 'europe', 'GET', '/keys/spoilt')).status).toBe(404)
  })

  test('refuses a blob with any byte of its ciphertext altered', async () => {
    for (const at of [0, 100, 255, 256, 400]) {
      const spoil = (envelope: Record<string, unknown>) => {
        const bytes = Buffer.from(String(envelope.ciphertext), 'base64url')
        bytes[at]! ^= 1
        return { ...envelope, ciphertext: bytes.toString('base64url') }
      }
      expect(await upload(twin, 'europe', 'spoilt', byok(kek, target, spoil))).toMatchObject({ status: 400, json: refusal })
    }
  })

  test('refuses a key exchange key that is disabled, or that is an ordinary key', async () => {
    const off = await keyExchangeKey(twin, 'europe', 'off-kek')
    await vault(twin, 'europe', 'PATCH', '/keys/off-kek', { attributes: { enabled: false } })
    expect((await upload(twin, 'europe', 'spoilt', byok(off, target))).json.error.message).toContain('disabled')
    const kid = await wrappingKey(twin, 'europe', 'ordinary')
    const ordinary = (await vault(twin, 'europe', 'GET', '/keys/ordinary')).json.key
    expect((await upload(twin, 'europe', 'spoilt', byok({ ...ordinary, kid }, target))).json.error.message).toContain(
      'not a key exchange key',
    )
  })
})

describe('deleting a key', () => {
  test('takes it out of use, keeps its name, and recovering brings the same key back', async () => {
    await premiumVault(twin, 'undying')
    const kid = await wrappingKey(twin, 'undying', 'precious')
    const before = (await vault(twin, 'undying', 'GET', '/keys/precious')).json
    const deleted = await vault(twin, 'undying', 'DELETE', '/keys/precious')
    expect(deleted.json).toMatchObject({ recoveryId: 'https://undying.vault.azure.test/deletedkeys/precious' })
    expect(deleted.json.scheduledPurgeDate - deleted.json.deletedDate).toBe(90 * 24 * 3600)
    expect(await vault(twin, 'undying', 'GET', '/keys/precious')).toMatchObject({ status: 404, json: { error: { code: 'KeyNotFound' } } })

    await expect.poll(async () => (await vault(twin, 'undying', 'GET', '/deletedkeys/precious')).status).toBe(200)
    expect(await vault(twin, 'undying', 'POST', '/keys/precious/create', { kty: 'RSA' })).toMatchObject({
      status: 409,
      json: { error: { code: 'Conflict', innererror: { code: 'ObjectIsDeletedButRecoverable' } } },
    })
    const purge = await vault(twin, 'undying', 'DELETE', '/deletedkeys/precious')
    expect(purge).toMatchObject({ status: 403, json: { error: { code: 'Forbidden' } } })
    expect(purge.json.error.message).toContain('purge protection is enabled for this vault')
    expect((await vault(twin, 'undying', 'GET', '/deletedkeys')).json.value).toHaveLength(1)

    expect((await vault(twin, 'undying', 'POST', '/deletedkeys/precious/recover')).json.key.kid).toBe(kid)
    await expect.poll(async () => (await vault(twin, 'undying', 'GET', '/keys/precious')).status).toBe(200)
    expect((await vault(twin, 'undying', 'GET', '/keys/precious')).json.key).toEqual(before.key)
  })

  test('settles before it can be seen, recovered or purged', async () => {
    const slow = await startTwin()
    try {
      await premiumVault(slow, 'slow')
      await wrappingKey(slow, 'slow', 'key')
      await vault(slow, 'slow', 'DELETE', '/keys/key')
      expect((await vault(slow, 'slow', 'GET', '/deletedkeys/key')).status).toBe(404)
      const conflict = { status: 409, json: { error: { innererror: { code: 'ObjectIsBeingDeleted' } } } }
      expect(await vault(slow, 'slow', 'POST', '/deletedkeys/key/recover')).toMatchObject(conflict)
      expect(await vault(slow, 'slow', 'DELETE', '/deletedkeys/key')).toMatchObject(conflict)
      expect(await vault(slow, 'slow', 'POST', '/keys/key/create', { kty: 'RSA' })).toMatchObject(conflict)
    } finally {
      await slow.remove()
    }
  })

  test('can be followed by a purge where the vault has no purge protection', async () => {
    await premiumVault(twin, 'mortal', { enablePurgeProtection: undefined, softDeleteRetentionInDays: 7 })
    await wrappingKey(twin, 'mortal', 'key')
    expect((await vault(twin, 'mortal', 'GET', '/keys/key')).json.attributes.recoveryLevel).toBe('CustomizedRecoverable+Purgeable')
    await vault(twin, 'mortal', 'DELETE', '/keys/key')
    await expect.poll(async () => (await vault(twin, 'mortal', 'DELETE', '/deletedkeys/key')).status).toBe(204)
    expect((await vault(twin, 'mortal', 'GET', '/deletedkeys/key')).status).toBe(404)
    expect((await vault(twin, 'mortal', 'POST', '/deletedkeys/key/recover')).status).toBe(404)
  })
})

describe('using a key', () => {
  const permissions = ['get', 'create', 'update', 'encrypt', 'decrypt', 'wrapKey', 'unwrapKey', 'sign', 'verify']
  beforeAll(async () => {
    const { OFFICER } = await import('../azure-twin.ts')
    const { policy } = await import('./vault-setup.ts')
    await premiumVault(twin, 'busy', { accessPolicies: [policy(OFFICER.objectId, permissions)] })
    await wrappingKey(twin, 'busy', 'all', { key_ops: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey', 'sign', 'verify'] })
    await wrappingKey(twin, 'busy', 'wrapping')
  })
  const use = (key: string, operation: string, body: unknown) => vault(twin, 'busy', 'POST', `/keys/${key}/${operation}`, body)

  test.each(['RSA1_5', 'RSA-OAEP', 'RSA-OAEP-256'])('what %s wraps and encrypts, it unwraps and decrypts', async (alg) => {
    const value = Buffer.from('a data key of 32 bytes, or so it').toString('base64url')
    const wrapped = (await use('all', 'wrapkey', { alg, value })).json
    expect((await use('all', 'unwrapkey', { alg, value: wrapped.value })).json).toEqual({ kid: wrapped.kid, value })
    const encrypted = (await use('all', 'encrypt', { alg, value })).json
    expect((await use('all', 'decrypt', { alg, value: encrypted.value })).json.value).toBe(value)
  })

  test('what it signs, it verifies, and nothing else', async () => {
    const digest = createHash('sha256').update('text').digest('base64url')
    const { value } = (await use('all', 'sign', { alg: 'RS256', value: digest })).json
    expect((await use('all', 'verify', { alg: 'RS256', digest, value })).json).toEqual({ value: true })
    const other = createHash('sha256').update('other').digest('base64url')
    expect((await use('all', 'verify', { alg: 'RS256', digest: other, value })).json).toEqual({ value: false })
  })

  test('is refused for an operation that the key has not got', async () => {
    const answer = await use('wrapping', 'sign', { alg: 'RS256', value: createHash('sha256').digest('base64url') })
    expect(answer).toMatchObject({ status: 403, json: { error: { code: 'Forbidden', innererror: { code: 'KeyOperationForbidden' } } } })
  })

  test('is refused while the key is disabled, not yet valid or expired; an expired key still unwraps', async () => {
    const wrap = () => use('wrapping', 'wrapkey', { alg: 'RSA-OAEP-256', value: 'AAAA' })
    const wrapped = (await wrap()).json.value
    const seconds = Math.floor(twin.now() / 1000)
    const inner = async (attributes: object) => {
      await vault(twin, 'busy', 'PATCH', '/keys/wrapping', { attributes })
      return (await wrap()).json.error.innererror.code
    }
    expect(await inner({ enabled: false })).toBe('KeyDisabled')
    expect(await inner({ enabled: true, nbf: seconds + 10 * 24 * 3600 })).toBe('KeyNotYetValid')
    expect(await inner({ nbf: 1, exp: seconds - 1 })).toBe('KeyExpired')
    expect((await use('wrapping', 'unwrapkey', { alg: 'RSA-OAEP-256', value: wrapped })).json.value).toBe('AAAA')
  })
})

describe('backup and restore', () => {
  test('work within a geography, and not beyond it', async () => {
    await Promise.all([premiumVault(twin, 'dublin', {}, 'northeurope'), wrappingKey(twin, 'europe', 'kept')])
    const backup = (await vault(twin, 'europe', 'POST', '/keys/kept/backup')).json
    const restored = await vault(twin, 'dublin', 'POST', '/keys/restore', backup)
    expect(restored.json.key.n).toBe((await vault(twin, 'europe', 'GET', '/keys/kept')).json.key.n)
    expect(await vault(twin, 'dublin', 'POST', '/keys/restore', backup)).toMatchObject({ status: 409 })
    expect(await vault(twin, 'america', 'POST', '/keys/restore', backup)).toMatchObject({ status: 400, json: refusal })
    const altered = { value: `${backup.value.slice(0, -4)}AAAA` }
    expect(await vault(twin, 'dublin', 'POST', '/keys/restore', altered)).toMatchObject({ status: 400, json: refusal })
  })
})

describe('lists', () => {
  test('come in pages whose links lead on', async () => {
    await premiumVault(twin, 'many')
    for (let index = 0; index < 3; index++) await wrappingKey(twin, 'many', `key-${index}`)
    const first = (await vault(twin, 'many', 'GET', '/keys?maxresults=2')).json
    expect(first.value).toHaveLength(2)
    const second = (await twin.request('GET', first.nextLink, { scope: SCOPES.vault })).json
    expect(second).toMatchObject({ value: [{ kid: 'https://many.vault.azure.test/keys/key-2' }], nextLink: null })
  })

  test('show every version of a key', async () => {
    const kids = [await wrappingKey(twin, 'many', 'key-0'), await wrappingKey(twin, 'many', 'key-0')]
    const versions = (await vault(twin, 'many', 'GET', '/keys/key-0/versions')).json.value.map(({ kid }: { kid: string }) => kid)
    expect(versions).toHaveLength(3)
    expect(versions).toEqual(expect.arrayContaining(kids))
    expect((await vault(twin, 'many', 'GET', '/keys/key-0')).json.key.kid).toBe(kids[1])
  })
})
