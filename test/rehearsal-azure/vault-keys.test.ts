/** The vaults' keys as storage and SQL use them, over the state of a twin that clients have set up and that was then stopped. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scaledClock } from '../../rehearsal/azure/src/clock.ts'
import { openStore } from '../../rehearsal/azure/src/store.ts'
import { type VaultKeys, vaultKeysOf } from '../../rehearsal/azure/src/vault/vault-keys.ts'
import { type RunningTwin, STRANGER, startTwin } from '../azure-twin.ts'
import { arm, grant, keyExchangeKey, premiumVault, VAULTS, vault, wrappingKey } from './vault-setup.ts'

const SERVICE = STRANGER.objectId
const kids: Record<string, string> = {}
let twin: RunningTwin
let keys: VaultKeys

beforeAll(async () => {
  twin = await startTwin()
  await premiumVault(twin, 'shared')
  await grant(twin, 'shared', SERVICE, ['get', 'wrapKey', 'unwrapKey'])
  for (const name of ['good', 'deleted', 'disabled', 'future', 'expired']) kids[name] = await wrappingKey(twin, 'shared', name)
  kids.kek = (await keyExchangeKey(twin, 'shared', 'kek')).kid
  await vault(twin, 'shared', 'DELETE', '/keys/deleted')
  await vault(twin, 'shared', 'PATCH', '/keys/disabled', { attributes: { enabled: false } })
  await vault(twin, 'shared', 'PATCH', '/keys/future', { attributes: { nbf: Math.floor(Date.now() / 1000) + 3600 } })
  await vault(twin, 'shared', 'PATCH', '/keys/expired', { attributes: { exp: 1000 } })
  await premiumVault(twin, 'unshared')
  kids.unshared = await wrappingKey(twin, 'unshared', 'key')
  await premiumVault(twin, 'walled', { networkAcls: { defaultAction: 'Deny', bypass: 'None', ipRules: [{ value: '127.0.0.1' }] } })
  kids.walled = await wrappingKey(twin, 'walled', 'key')
  await premiumVault(twin, 'lost')
  kids.lost = await wrappingKey(twin, 'lost', 'key')
  await arm(twin, 'DELETE', `${VAULTS}/lost`)
  kids.none = `https://shared.vault.azure.test/keys/none/${'0'.repeat(32)}`
  kids.nonsense = 'https://shared.vault.azure.net/keys/good'
  await twin.stop()
  const clock = scaledClock(Date.now(), 1)
  keys = vaultKeysOf(openStore(twin.dir, clock), clock)
})
afterAll(() => twin.remove())

describe('a service with access', () => {
  test('wraps and unwraps, with the version or with the newest', () => {
    for (const kid of [kids.good!, kids.good!.replace(/\/[0-9a-f]{32}$/, '')]) {
      const wrapped = keys.wrap(SERVICE, kid, Buffer.from('data key'))
      expect(wrapped.kid).toBe(kids.good)
      expect(keys.unwrap(SERVICE, wrapped.kid, wrapped.bytes).toString()).toBe('data key')
    }
  })

  test('sees what it must know before it uses a key', () => {
    expect(keys.describe(SERVICE, kids.good!)).toEqual({
      kid: kids.good,
      vault: 'shared',
      vaultUri: 'https://shared.vault.azure.test/',
      location: 'westeurope',
      purgeProtection: true,
      softDeleteRetentionInDays: 90,
      name: 'good',
      version: kids.good!.slice(-32),
      kty: 'RSA-HSM',
      bits: 2048,
      operations: ['wrapKey', 'unwrapKey'],
    })
  })

  test('still unwraps with a key that has expired', () => {
    expect(() => keys.unwrap(SERVICE, kids.expired!, Buffer.alloc(256))).toThrow(expect.objectContaining({ reason: 'wrong-ciphertext' }))
  })
})

describe('a service is refused', () => {
  test.each([
    ['where the vault does not name it', 'unshared', 'access-denied'],
    ['where the firewall keeps services out', 'walled', 'firewall'],
    ['where the vault is deleted', 'lost', 'vault-not-found'],
    ['where the key is deleted', 'deleted', 'key-deleted'],
    ['where there is no such key', 'none', 'key-not-found'],
    ['where the key is disabled', 'disabled', 'key-disabled'],
    ['where the key is not yet valid', 'future', 'key-not-yet-valid'],
    ['where the key has expired', 'expired', 'key-expired'],
    ['where the key cannot wrap', 'kek', 'operation-not-permitted'],
    ['for what is not a key of this cloud', 'nonsense', 'bad-kid'],
  ])('%s', (_, name, reason) => {
    expect(() => keys.wrap(SERVICE, kids[name]!, Buffer.from('data key'))).toThrow(
      expect.objectContaining({ reason, kid: kids[name], permission: 'wrapKey' }),
    )
  })
})
