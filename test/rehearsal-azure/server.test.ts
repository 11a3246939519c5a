import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningTwin, SCOPES, startTwin } from '../azure-twin.ts'
import { arm, keyExchangeKey, premiumVault, VAULT_VERSION, VAULTS, vault, vaultBody, wrappingKey } from './vault-setup.ts'

let twin: RunningTwin
beforeAll(async () => {
  twin = await startTwin({ scale: 60 })
  await premiumVault(twin, 'sturdy')
})
afterAll(() => twin.remove())

describe('the twin’s server', () => {
  const url = `https://sturdy.vault.azure.test/keys/any/create?${VAULT_VERSION}`
  const post = (body: string | Uint8Array) => twin.request('POST', url, { scope: SCOPES.vault, body })

  test.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['half an object', '{"kty": "RSA"'],
    ['a list', '[]'],
    ['null', 'null'],
    ['bytes that are not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d])],
    ['a hundred thousand brackets', '['.repeat(100_000)],
    ['fields of wrong types', '{"kty": 1, "key_ops": "import", "attributes": []}'],
    ['a prototype', '{"__proto__": {"kty": "RSA"}}'],
  ])('answers a body of %s with a bad request', async (_, body) => {
    expect(await post(body)).toMatchObject({ status: 400, json: { error: { code: 'BadParameter' } } })
  })

  test('answers a body of more than a mebibyte with 413', async () => {
    expect(await post('x'.repeat(1024 * 1024 + 1))).toMatchObject({ status: 413, json: { error: { code: 'RequestBodyTooLarge' } } })
  })

  test('knows no other operations, hosts or paths', async () => {
    expect(await vault(twin, 'sturdy', 'GET', '/secrets/x')).toMatchObject({ status: 404, json: { error: { code: 'NotFound' } } })
    expect(await vault(twin, 'sturdy', 'DELETE', '/keys')).toMatchObject({ status: 405 })
    expect(await vault(twin, 'nowhere', 'GET', '/keys')).toMatchObject({ status: 404, json: { error: { code: 'VaultNotFound' } } })
    expect((await vault(twin, 'sturdy', 'GET', '/keys/%zz')).status).toBe(400)
    expect((await vault(twin, 'sturdy', 'GET', '/keys/..%2f..%2fetc')).status).toBe(400)
    expect((await twin.request('GET', 'https://xy.vault.azure.test/')).status).toBe(421)
  })

  test('wants an api-version that it knows', async () => {
    const get = (query: string) => twin.request('GET', `https://sturdy.vault.azure.test/keys${query}`, { scope: SCOPES.vault })
    expect((await get('')).status).toBe(400)
    expect((await get('?api-version=9.9')).status).toBe(400)
    for (const version of ['7.4', '7.5', '7.6', '2025-07-01']) expect((await get(`?api-version=${version}`)).status).toBe(200)
  })

  test('survives what is not HTTP', async () => {
    const { port } = twin
    await new Promise<void>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, servername: 'login.azure.test', ca: readFileSync(join(twin.dir, 'ca.pem')) }, () =>
        socket.write('nonsense\r\n\r\n'),
      )
      socket.on('close', () => resolve()).on('error', () => resolve())
      socket.resume()
    })
    expect((await vault(twin, 'sturdy', 'GET', '/keys')).status).toBe(200)
  })
})

describe('the twin’s memory', () => {
  test('outlives kill -9: keys, policies, deletions and tokens are as they were', async () => {
    await keyExchangeKey(twin, 'sturdy', 'kek')
    await wrappingKey(twin, 'sturdy', 'deleted')
    await vault(twin, 'sturdy', 'DELETE', '/keys/deleted')
    const before = {
      keys: (await vault(twin, 'sturdy', 'GET', '/keys/kek')).json,
      vault: (await arm(twin, 'GET', `${VAULTS}/sturdy`)).json,
      effects: twin.effects(),
      ca: readFileSync(join(twin.dir, 'ca.pem'), 'utf8'),
    }
    await twin.killAndRestart()
    expect((await vault(twin, 'sturdy', 'GET', '/keys/kek')).json).toEqual(before.keys)
    expect((await arm(twin, 'GET', `${VAULTS}/sturdy`)).json.properties.accessPolicies).toEqual(before.vault.properties.accessPolicies)
    expect((await vault(twin, 'sturdy', 'GET', '/keys/deleted')).status).toBe(404)
    expect(twin.effects()).toEqual(before.effects)
    expect(readFileSync(join(twin.dir, 'ca.pem'), 'utf8')).toBe(before.ca)
  })

  test('loses no answered change and keeps none by half when it is killed at work', async () => {
    for (let round = 0; round < 3; round++) {
      const answered: string[] = []
      const work = (async () => {
        for (let index = 0; ; index++) {
          const name = `vault-${round}-${index}`
          const made = await arm(twin, 'PUT', `${VAULTS}/${name}`, vaultBody()).catch(() => undefined)
          if (made?.status !== 200) return
          answered.push(name)
        }
      })()
      await expect.poll(() => answered.length, { interval: 1 }).toBeGreaterThan(4)
      await twin.killAndRestart()
      await work
      const there = (await arm(twin, 'GET', VAULTS)).json.value.map(({ name }: { name: string }) => name) as string[]
      expect(there).toEqual(expect.arrayContaining(answered))
      const created = twin
        .effects()
        .filter((effect) => effect.startsWith('vault/create'))
        .map((effect) => effect.split('/').at(-1))
      expect(created.toSorted()).toEqual(there.toSorted())
    }
  })

  test('ends with its standard input', async () => {
    expect(await twin.stop()).toBe(0)
  })
})
