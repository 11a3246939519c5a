import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LiveHttp, liveHttp, recordedRequest } from '../../engine/src/capability/http.ts'
import type { SecretsAndHands } from '../../engine/src/capability/people.ts'
import type { CloudSetup } from '../../engine/src/capability/setup.ts'
import { STAND_IN } from '../../engine/src/plugin/http-door.ts'

const dir = mkdtempSync(join(tmpdir(), 'ceremony-http-'))
const ISSUER = 'https://login.azure.test/11111111-1111-4111-8111-111111111111'
const DISCOVERY = {
  issuer: `${ISSUER}/v2.0`,
  token_endpoint: `${ISSUER}/token`,
  authorization_endpoint: `${ISSUER}/authorize`,
  jwks_uri: `${ISSUER}/keys`,
}
const TOKEN = { token_type: 'Bearer', expires_in: 3600, access_token: 'the-real-token' }
const seen: { host: string; path: string; authorization: string | undefined; body: string }[] = []
const people: SecretsAndHands = { secret: async () => 'the client secret', hands: async () => ({ done: false, reason: '' }) }
let server: Server
let door: LiveHttp

beforeAll(async () => {
  const names = 'subjectAltName=DNS:login.azure.test,DNS:management.azure.test,DNS:*.vault.azure.test'
  const command = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${dir}/key.pem -out ${dir}/ca.pem -subj /CN=test -days 2 -addext`
  execFileSync('openssl', [...command.split(' '), names], { stdio: 'ignore' })
  server = createServer({ key: readFileSync(`${dir}/key.pem`), cert: readFileSync(`${dir}/ca.pem`) }, (request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const { host = '', authorization } = request.headers
      seen.push({ host, path: request.url ?? '', authorization, body })
      response.setHeader('content-type', 'application/json').setHeader('set-cookie', 'a=b').setHeader('x-ms-request-id', '1')
      if (!host.startsWith('login')) response.end('{"is":"ö"}')
      else response.end(JSON.stringify(request.url?.includes('openid-configuration') ? DISCOVERY : TOKEN))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const cloud: CloudSetup = {
    name: 'test',
    tenant: '11111111-1111-4111-8111-111111111111',
    subscription: 's',
    authority: 'https://login.azure.test',
    resourceManager: 'https://management.azure.test',
    suffixes: { vault: 'vault.azure.test', blob: 'blob.azure.test', sql: 'sql.azure.test' },
    ca: `${dir}/ca.pem`,
    connect: `127.0.0.1:${port}`,
    credential: { kind: 'client-secret', client_id: '22222222-2222-4222-8222-222222222222', secret: 'azure' },
  }
  door = liveHttp(cloud, people)
})
afterAll(() => {
  door.close()
  server.close()
  rmSync(dir, { recursive: true })
})

const never = new AbortController().signal
const bearer = (scope: string): Record<string, string> => ({
  authorization: `Bearer ${STAND_IN}${Buffer.from(scope).toString('base64url')}`,
})
const get = (url: string, headers: Record<string, string> = {}) => door.send({ method: 'GET', url, headers, body: null }, ['vault'], never)

test('puts the real token in the stand-in’s place, and gives the plugin nothing secret back', async () => {
  const reply = await get('https://mine.vault.azure.test/keys?api-version=7.6', bearer('https://vault.azure.test/.default'))
  expect(reply).toMatchObject({ status: 200, body: '{"is":"ö"}', headers: { 'content-type': 'application/json', 'x-ms-request-id': '1' } })
  expect(seen.at(-1)).toMatchObject({ host: 'mine.vault.azure.test', authorization: 'Bearer the-real-token' })
  expect(JSON.stringify(reply)).not.toMatch(/the-real-token|set-cookie/)
  expect(seen.some(({ host, body }) => host === 'login.azure.test' && /the(\+|%20)client(\+|%20)secret/.test(body))).toBeTruthy()
})

test('sends what is asked without a token as it is', async () => {
  await get('https://mine.vault.azure.test/keys')
  expect(seen.at(-1)).toMatchObject({ authorization: undefined })
})

test.each([
  ['another service', 'https://management.azure.test/'],
  ['another name', 'https://vault.azure.test.evil.test/'],
  ['a deeper name', 'https://a.b.vault.azure.test/'],
  ['plain HTTP', 'http://mine.vault.azure.test/'],
  ['credentials in the address', 'https://u:p@mine.vault.azure.test/'],
  ['an address', 'https://127.0.0.1/'],
  ['another port', 'https://mine.vault.azure.test:8443/'],
  ['no address at all', 'nonsense'],
])('refuses %s', async (_, url) => {
  const before = seen.length
  await expect(get(url)).rejects.toMatchObject({ code: 'http/not-allowed' })
  expect(seen.length).toBe(before)
})

test('does not show one service’s token to another, nor send a token of the plugin’s own', async () => {
  const url = 'https://mine.vault.azure.test/keys'
  await expect(get(url, bearer('https://management.azure.test/.default'))).rejects.toMatchObject({ code: 'http/wrong-audience' })
  await expect(get(url, { authorization: 'Bearer mine' })).rejects.toMatchObject({ code: 'http/credential-of-its-own' })
})

test('records neither authorization nor what names the machine', () => {
  const headers = { Authorization: 'Bearer x', 'user-agent': 'node', 'content-type': 'application/json', Cookie: 'a' }
  expect(recordedRequest({ method: 'GET', url: 'https://x/', headers, body: null }).headers).toEqual({ 'content-type': 'application/json' })
})

test('a connection that fails is an answer with a code, so that the SDK’s own retries can deal with it', async () => {
  const abort = new AbortController()
  abort.abort()
  const ask = { method: 'GET', url: 'https://mine.vault.azure.test/keys', headers: {}, body: null }
  expect(await door.send(ask, ['vault'], abort.signal)).toMatchObject({ failed: { code: 'ABORT_ERR' } })
})
