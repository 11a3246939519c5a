import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeJwt, importJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OFFICER, type RunningTwin, SCOPES, SEED, startTwin } from '../azure-twin.ts'

let twin: RunningTwin
const LOGIN = `https://login.azure.test/${SEED.tenant}`
beforeAll(async () => {
  twin = await startTwin({ scale: 60 })
})
afterAll(() => twin.remove())

const form = { grant_type: 'client_credentials', client_id: OFFICER.clientId, client_secret: OFFICER.clientSecret, scope: SCOPES.vault }
const token = (change: Record<string, string>, tenant = LOGIN) =>
  twin.request('POST', `${tenant}/oauth2/v2.0/token`, {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...form, ...change }).toString(),
  })

describe('Entra ID', () => {
  test('tells clients where everything is', async () => {
    const configuration = (await twin.request('GET', `${LOGIN}/v2.0/.well-known/openid-configuration`)).json
    expect(configuration).toMatchObject({
      issuer: `${LOGIN}/v2.0`,
      token_endpoint: `${LOGIN}/oauth2/v2.0/token`,
      jwks_uri: `${LOGIN}/discovery/v2.0/keys`,
    })
    const instance = await twin.request(
      'GET',
      `https://login.azure.test/common/discovery/instance?api-version=1.1&authorization_endpoint=${LOGIN}/oauth2/v2.0/authorize`,
    )
    expect(instance.json).toMatchObject({
      tenant_discovery_endpoint: expect.stringContaining(SEED.tenant),
      metadata: [{ aliases: ['login.azure.test'] }],
    })
  })

  test('issues a token that its published key verifies, for the audience asked and for an hour of the client’s time', async () => {
    const answer = (await token({})).json
    expect(answer).toMatchObject({ token_type: 'Bearer', expires_in: 3599 })
    const { keys } = (await twin.request('GET', `${LOGIN}/discovery/v2.0/keys`)).json as { keys: JWK[] }
    const { payload } = await jwtVerify(answer.access_token, await importJWK(keys[0]!, 'RS256'), { currentDate: new Date(twin.now()) })
    expect(payload).toMatchObject({ aud: 'https://vault.azure.test', oid: OFFICER.objectId, appid: OFFICER.clientId, tid: SEED.tenant })
    expect(payload.exp! - payload.iat!).toBe(3600 * 60)
  })

  test.each([
    ['a wrong secret', { client_secret: 'wrong' }, 401, 'invalid_client', 7000215],
    ['an unknown application', { client_id: randomUUID() }, 400, 'unauthorized_client', 700016],
    ['another grant', { grant_type: 'password' }, 400, 'unsupported_grant_type', 70003],
    ['a scope without .default', { scope: 'https://vault.azure.test/keys' }, 400, 'invalid_scope', 1002012],
    ['two resources', { scope: `${SCOPES.vault} ${SCOPES.arm}` }, 400, 'invalid_scope', 1002012],
    ['an unknown resource', { scope: 'https://vault.example/.default' }, 400, 'invalid_resource', 500011],
    ['no scope', { scope: '' }, 400, 'invalid_request', 900144],
  ])('refuses %s', async (_, change, status, error, code) => {
    const answer = await token(change)
    expect(answer).toMatchObject({
      status,
      json: { error, error_codes: [code], error_description: expect.stringMatching(`^AADSTS${code}: `) },
    })
    expect(answer.text).not.toContain(OFFICER.clientSecret)
  })

  test('keeps no client secret in its state', () => {
    for (const file of readdirSync(twin.dir)) expect(readFileSync(join(twin.dir, file), 'utf8')).not.toContain(OFFICER.clientSecret)
  })

  test('refuses another tenant', async () => {
    expect(await token({}, `https://login.azure.test/${randomUUID()}`)).toMatchObject({ status: 400, json: { error_codes: [90002] } })
  })
})

describe('a service', () => {
  const url = `https://management.azure.test/subscriptions/${SEED.subscription}?api-version=2022-12-01`
  const show = (jwt: string) => twin.request('GET', url, { headers: { authorization: `Bearer ${jwt}` } })

  test('refuses a token with any letter of its signature or claims changed', async () => {
    const { access_token: good } = (await token({ scope: SCOPES.arm })).json
    expect((await show(good)).status).toBe(200)
    const [header, payload, signature] = good.split('.')
    const claims = Buffer.from(JSON.stringify({ ...decodeJwt(good), oid: randomUUID() })).toString('base64url')
    expect((await show([header, claims, signature].join('.'))).status).toBe(401)
    expect((await show([header, payload, signature.replace(/^./, (first: string) => (first === 'A' ? 'B' : 'A'))].join('.'))).status).toBe(
      401,
    )
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url')
    expect((await show(`${none}.${payload}.`)).status).toBe(401)
  })

  test('refuses a token that another key signed, though every claim is right', async () => {
    const { access_token: good } = (await token({ scope: SCOPES.arm })).json
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const forged = await new SignJWT(decodeJwt(good)).setProtectedHeader({ alg: 'RS256' }).sign(privateKey)
    expect(await show(forged)).toMatchObject({ status: 401, json: { error: { code: 'InvalidAuthenticationToken' } } })
  })

  test('refuses a token whose time is over', async () => {
    // Signed by the twin's own key, as its state folder has it.
    const line = readFileSync(join(twin.dir, 'state.jsonl'), 'utf8').split('\n')[0]!
    const { pkcs8 } = (JSON.parse(line) as { changes: { row: { pkcs8: string } }[] }).changes[0]!.row
    const key = createPrivateKey({ key: Buffer.from(pkcs8, 'base64'), type: 'pkcs8', format: 'der' })
    const claims = decodeJwt((await token({ scope: SCOPES.arm })).json.access_token)
    const signed = (exp: number) => new SignJWT({ ...claims, exp }).setProtectedHeader({ alg: 'RS256' }).sign(key)
    expect((await show(await signed(claims.exp!))).status).toBe(200)
    expect(await show(await signed(Math.floor(twin.now() / 1000) - 1))).toMatchObject({
      status: 401,
      json: { error: { code: 'ExpiredAuthenticationToken' } },
    })
  })
})
