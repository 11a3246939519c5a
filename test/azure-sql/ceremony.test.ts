/** The SQL part of a ceremony with the real SDK, against the twin over HTTPS. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Context } from '../../engine/src/plugin/contract.ts'
import plugin from '../../plugins/azure-sql/src/index.ts'
import { cloudContext, type RunningTwin, startTwin } from '../azure-twin.ts'
import { SERVER as ARM_SERVER, done, whenDone } from '../rehearsal-azure/sql-setup.ts'
import { vault } from '../rehearsal-azure/vault-setup.ts'
import { keyFor, reconcile, run, SERVER } from './actions.ts'

let twin: RunningTwin
let context: Context
let kid: string

beforeAll(async () => {
  twin = await startTwin({ scale: 300 })
  context = cloudContext(twin)
})
afterAll(() => twin.remove())

const databases = { ...SERVER, databases: ['orders', 'stock'] }
const recorded = (operation: string) => twin.effects().filter((effect) => effect.startsWith(`${operation} `))

describe('the SQL part of a ceremony', () => {
  test('gives the server an identity, once', async () => {
    expect(await reconcile('assign-identity', SERVER, context)).toMatchObject({ verdict: 'not-done' })
    const given = await run('assign-identity', SERVER, context)
    expect(given).toMatchObject({ server: 'contoso-sql', principal_id: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    expect(await run('assign-identity', SERVER, context)).toEqual(given)
    expect(await reconcile('assign-identity', SERVER, context)).toMatchObject({ verdict: 'done', outputs: given })
    expect(recorded('sql-server/update')).toHaveLength(1)
    kid = await keyFor(twin, 'contoso-keys-eu', given.principal_id)
  })

  test('makes the key known, once', async () => {
    const input = { ...SERVER, kid }
    expect(await reconcile('add-key', input, context)).toMatchObject({ verdict: 'not-done' })
    const added = await run('add-key', input, context)
    expect(added).toEqual({ server: 'contoso-sql', key_name: `contoso-keys-eu_sql-key_${kid.slice(-32)}` })
    expect(await run('add-key', input, context)).toEqual(added)
    expect(await reconcile('add-key', input, context)).toMatchObject({ verdict: 'done', outputs: added })
    expect(recorded('sql-key/create')).toHaveLength(1)
  })

  test('makes it the protector, once', async () => {
    const input = { ...SERVER, kid }
    expect(await reconcile('set-protector', input, context)).toMatchObject({ verdict: 'not-done' })
    const set = await run('set-protector', input, context)
    expect(set).toEqual({ key_name: `contoso-keys-eu_sql-key_${kid.slice(-32)}`, uri: kid, type: 'AzureKeyVault' })
    expect(await run('set-protector', input, context)).toEqual(set)
    expect(await reconcile('set-protector', input, context)).toMatchObject({ verdict: 'done', outputs: set })
    expect(recorded('sql-protector/set')).toHaveLength(1)
  })

  test('has the database encrypted', async () => {
    const input = { ...SERVER, database: 'orders' }
    expect(await run('enable-tde', input, context)).toEqual({ database: 'orders', state: 'Enabled' })
    expect(await reconcile('enable-tde', input, context)).toMatchObject({ verdict: 'done' })
    expect(await run('state', databases, context)).toEqual({
      databases: { orders: { status: 'Online', tde_state: 'Enabled' }, stock: { status: 'Online', tde_state: 'Enabled' } },
      all_online: true,
      all_inaccessible: false,
    })
  })

  test('sees the databases fade within ten minutes once the key is deleted', async () => {
    await vault(twin, 'contoso-keys-eu', 'DELETE', '/keys/sql-key')
    const deleted = twin.now()
    await expect.poll(() => run('state', databases, context), { timeout: 10_000, interval: 50 }).toMatchObject({ all_inaccessible: true })
    expect(whenDone(twin, 'sql-database/inaccessible', 'orders') - deleted).toBeLessThan(10 * 60_000)
    expect(await run('state', databases, context)).toMatchObject({ all_online: false, databases: { orders: { tde_state: null } } })
  })

  test('sees them return within an hour once it is recovered', async () => {
    await vault(twin, 'contoso-keys-eu', 'POST', '/deletedkeys/sql-key/recover')
    const recovered = twin.now()
    await expect.poll(() => run('state', databases, context), { timeout: 10_000, interval: 50 }).toMatchObject({ all_online: true })
    expect(whenDone(twin, 'sql-database/online', 'orders') - recovered).toBeLessThan(60 * 60_000)
  })

  test('has the protector validated again', async () => {
    expect(await run('revalidate', SERVER, context)).toMatchObject({ uri: kid, type: 'AzureKeyVault' })
    expect(await reconcile('revalidate', SERVER, context)).toMatchObject({ verdict: 'not-done' })
  })

  test('has a database encrypted that was not', async () => {
    const input = { ...SERVER, database: 'stock' }
    await done(twin, 'PUT', `${ARM_SERVER}/databases/stock/transparentDataEncryption/current`, { properties: { state: 'Disabled' } })
    expect(await reconcile('enable-tde', input, context)).toMatchObject({ verdict: 'not-done', facts: expect.stringContaining('Disabled') })
    expect(await run('enable-tde', input, context)).toEqual({ database: 'stock', state: 'Enabled' })
    await run('enable-tde', input, context)
    expect(recorded('sql-database/encrypt')).toHaveLength(1)
  })

  test('every action says in a sentence what it will do', () => {
    const input = { ...databases, kid, database: 'orders' }
    for (const action of Object.values(plugin.actions)) expect(action.says(input as never)).toMatch(/^[A-Z].*\.$/)
  })

  test('every action that changes something can be asked whether it took place', () => {
    for (const [name, action] of Object.entries(plugin.actions))
      expect([name, action.readsOnly === true || action.reconcile !== undefined]).toEqual([name, true])
  })
})
