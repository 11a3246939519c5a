/** Databases whose protector goes away and comes back, on a clock that runs fast, and what is left of them on disk. */
import { afterEach, describe, expect, test } from 'vitest'
import { scaledClock } from '../../rehearsal/azure/src/clock.ts'
import type { Database } from '../../rehearsal/azure/src/sql/database.ts'
import { openPage } from '../../rehearsal/azure/src/sql/database.ts'
import type { SqlServer } from '../../rehearsal/azure/src/sql/server.ts'
import { openStore } from '../../rehearsal/azure/src/store.ts'
import { vaultKeysOf } from '../../rehearsal/azure/src/vault/vault-keys.ts'
import { type RunningTwin, STRANGER, startTwin } from '../azure-twin.ts'
import { ended, PROTECTOR, passed, protectedServer, SERVER, statusOf, whenDone } from './sql-setup.ts'
import { arm, grant, VAULTS, vault } from './vault-setup.ts'

const MINUTE = 60_000
/** Fast enough to sit through, slow enough for a busy machine to be in time. */
const SCALE = 300
const HASTE = 1200
let twin: RunningTwin
let kid: string
const begin = async (scale = SCALE): Promise<void> => {
  twin = await startTwin({ scale })
  kid = await protectedServer(twin, 'fading')
}
afterEach(() => twin.remove())

const deleteKey = () => vault(twin, 'fading', 'DELETE', '/keys/tde')
const recoverKey = () => vault(twin, 'fading', 'POST', '/deletedkeys/tde/recover')
const becomes = (status: string, minutes: number) =>
  expect.poll(() => statusOf(twin), { interval: 10, timeout: (minutes * MINUTE) / SCALE + 5000 }).toBe(status)
const recorded = () =>
  twin
    .effects()
    .filter((effect) => effect.startsWith('sql-database/') && effect.endsWith('/orders'))
    .map((effect) => effect.split(/[ /]/)[1])
const tde = `${SERVER}/databases/orders/transparentDataEncryption/current`

describe('a database whose protector is gone', () => {
  test('stays for some minutes, is inaccessible within ten, and heals by itself when the key comes back soon', async () => {
    await begin()
    await deleteKey()
    const deleted = twin.now()
    await passed(twin, 2)
    expect(await statusOf(twin)).toBe('Online')
    await becomes('Inaccessible', 10)
    expect(whenDone(twin, 'sql-database/inaccessible', 'orders') - deleted).toBeLessThan(10 * MINUTE)
    expect((await arm(twin, 'GET', `${SERVER}/inaccessibleDatabases`)).json.value).toHaveLength(2)
    await recoverKey()
    const recovered = twin.now()
    await passed(twin, 5)
    expect(await statusOf(twin)).toBe('Inaccessible')
    await becomes('Online', 60)
    expect(whenDone(twin, 'sql-database/online', 'orders') - recovered).toBeLessThan(60 * MINUTE)
    expect(recorded()).toEqual(['inaccessible', 'heals', 'online'])
  })

  test('can be dropped and nothing else', async () => {
    await begin(HASTE)
    await deleteKey()
    await becomes('Inaccessible', 10)
    const inaccessible = { status: 409, json: { error: { code: 'DatabaseInaccessible' } } }
    expect(await arm(twin, 'GET', tde)).toMatchObject(inaccessible)
    expect(await arm(twin, 'PUT', tde, { properties: { state: 'Disabled' } })).toMatchObject(inaccessible)
    expect(await arm(twin, 'PATCH', `${SERVER}/databases/orders`, { tags: {} })).toMatchObject(inaccessible)
    const toService = await arm(twin, 'PUT', PROTECTOR, { properties: { serverKeyType: 'ServiceManaged' } })
    expect(await ended(twin, toService)).toMatchObject({ status: 'Failed', error: { code: 'DatabaseInaccessible' } })
    await ended(twin, await arm(twin, 'DELETE', `${SERVER}/databases/orders`))
    expect((await arm(twin, 'GET', `${SERVER}/databases/orders`)).status).toBe(404)
  })

  test('for more than half an hour does not come back by itself, but when the protector is validated again, without its tags', async () => {
    await begin(HASTE)
    await ended(twin, await arm(twin, 'PATCH', `${SERVER}/databases/orders`, { tags: { team: 'sales' } }))
    await deleteKey()
    await becomes('Inaccessible', 10)
    await passed(twin, 31)
    const revalidate = async () => ended(twin, await arm(twin, 'POST', `${PROTECTOR}/revalidate`))
    expect(await revalidate()).toMatchObject({ status: 'Failed', error: { code: 'AzureKeyVaultKeyNameNotFound' } })
    await recoverKey()
    await passed(twin, 60)
    expect(await statusOf(twin)).toBe('Inaccessible')
    expect(await revalidate()).toMatchObject({ status: 'Succeeded' })
    await passed(twin, 20)
    expect(await statusOf(twin)).toBe('Inaccessible')
    await becomes('Online', 60)
    expect((await arm(twin, 'GET', `${SERVER}/databases/orders`)).json.tags).toEqual({})
  })

  test('does not heal if the key goes away again', async () => {
    await begin()
    await deleteKey()
    await becomes('Inaccessible', 10)
    await recoverKey()
    await expect.poll(recorded, { interval: 10, timeout: 5000 }).toEqual(['inaccessible', 'heals'])
    await deleteKey()
    await passed(twin, 15)
    expect(await statusOf(twin)).toBe('Inaccessible')
    expect(recorded()).toEqual(['inaccessible', 'heals', 'key-lost-again'])
  })
})

describe('access is lost as well', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['the key is disabled', () => vault(twin, 'fading', 'PATCH', '/keys/tde', { attributes: { enabled: false } })],
    ['the vault is deleted', () => arm(twin, 'DELETE', `${VAULTS}/fading`)],
    ['the server loses its identity', () => arm(twin, 'PATCH', SERVER, { identity: { type: 'None' } })],
    [
      'the vault no longer names the server',
      async () => {
        const { principalId } = (await arm(twin, 'GET', SERVER)).json.identity
        const accessPolicies = [
          {
            tenantId: (await arm(twin, 'GET', `${VAULTS}/fading`)).json.properties.tenantId,
            objectId: principalId,
            permissions: { keys: ['get'] },
          },
        ]
        return arm(twin, 'PUT', `${VAULTS}/fading/accessPolicies/replace`, { properties: { accessPolicies } })
      },
    ],
    [
      'the firewall shuts services of Azure out',
      () => arm(twin, 'PATCH', `${VAULTS}/fading`, { properties: { networkAcls: { defaultAction: 'Deny', bypass: 'None', ipRules: [] } } }),
    ],
  ])('when %s', async (_, lose) => {
    await begin(HASTE)
    expect([200, 202]).toContain(((await lose()) as { status: number }).status)
    await becomes('Inaccessible', 10)
  })
})

describe('a twin that is killed', () => {
  test('knows its keys, protector and databases again', async () => {
    await begin()
    const effects = twin.effects()
    await twin.killAndRestart()
    expect((await arm(twin, 'GET', PROTECTOR)).json.properties.uri).toBe(kid)
    expect(await statusOf(twin)).toBe('Online')
    expect((await arm(twin, 'GET', tde)).json.properties.state).toBe('Enabled')
    expect(twin.effects()).toEqual(effects)
  })

  test('goes on with the healing that it had begun, and tells each turn once', async () => {
    await begin()
    await deleteKey()
    await becomes('Inaccessible', 10)
    await twin.killAndRestart()
    expect(await statusOf(twin)).toBe('Inaccessible')
    await recoverKey()
    await expect.poll(recorded, { interval: 10, timeout: 5000 }).toEqual(['inaccessible', 'heals'])
    await twin.killAndRestart()
    await becomes('Online', 60)
    expect(recorded()).toEqual(['inaccessible', 'heals', 'online'])
  })

  test('has no database’s key in memory any more: without the protector none opens', async () => {
    await begin()
    await deleteKey()
    await twin.killAndRestart()
    expect(await statusOf(twin)).toBe('Inaccessible')
  })

  test('knows how an operation ended that it was at work on', async () => {
    await begin()
    const answer = await arm(twin, 'PATCH', SERVER, { tags: { asked: 'before' } })
    await twin.killAndRestart()
    expect(await ended(twin, answer)).toMatchObject({ status: 'Succeeded' })
    expect((await arm(twin, 'GET', SERVER)).json.tags).toEqual({ asked: 'before' })
  })
})

describe('on disk', () => {
  test('a page is readable with the vault’s key and the server’s right to use it, and not without either', async () => {
    await begin()
    await grant(twin, 'fading', STRANGER.objectId, ['get'])
    await twin.stop()
    const clock = scaledClock(Date.now(), 1)
    const store = openStore(twin.dir, clock)
    const keys = vaultKeysOf(store, clock)
    const principal = store.table<SqlServer>('sql-servers').get('contoso-sql')!.identity!.principalId
    const { key, page } = store.table<Database>('sql-databases').get('contoso-sql/orders')!
    const open = (as: string) => Buffer.from(openPage(page, keys.unwrap(as, key!.kid!, Buffer.from(key!.bytes, 'base64'))), 'base64')
    expect(key!.kid).toBe(kid)
    expect(open(principal).toString('latin1')).toContain('first page of orders')
    expect(Buffer.from(page, 'base64').toString('latin1')).not.toContain('first page of orders')
    expect(() => open(STRANGER.objectId)).toThrow(expect.objectContaining({ reason: 'access-denied' }))
    const vaults = store.table('keys')
    store.commit({ principal: 'test', operation: 'key/gone', resource: kid }, vaults.remove('fading/tde'))
    expect(() => open(principal)).toThrow(expect.objectContaining({ reason: 'key-not-found' }))
    expect(() => openPage(page, Buffer.alloc(32))).toThrow()
  })
})
