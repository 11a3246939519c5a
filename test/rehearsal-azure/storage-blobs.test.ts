/** The blob service, through its own SDK and by plain requests. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningTwin, SCOPES, STRANGER, startTwin } from '../azure-twin.ts'
import { blobs, read, write } from './storage-setup.ts'

let twin: RunningTwin
const HOST = 'https://contosodata.blob.core.azure.test'
const TEXT = 'what only its owner may read'
const container = () => blobs(twin).getContainerClient('data')
const blob = (name = 'letter') => container().getBlockBlobClient(name)

beforeAll(async () => {
  twin = await startTwin()
  await write(twin, 'letter', TEXT)
})
afterAll(() => twin.remove())

describe('a blob', () => {
  test('is read as it was written', async () => {
    expect(await read(twin, 'letter')).toBe(TEXT)
    const bytes = Buffer.from([0, 255, 128, 10, 13])
    await blob('bytes').upload(bytes, bytes.length)
    expect(await blob('bytes').downloadToBuffer()).toEqual(bytes)
    await blob('empty').upload('', 0)
    expect((await blob('empty').getProperties()).contentLength).toBe(0)
  })

  test('shows its properties and metadata', async () => {
    expect(await blob().getProperties()).toMatchObject({
      contentLength: TEXT.length,
      contentType: 'application/octet-stream',
      contentMD5: createHash('md5').update(TEXT).digest(),
      blobType: 'BlockBlob',
      metadata: { written: 'here' },
      isServerEncrypted: true,
      etag: expect.stringMatching(/^"0x8D[0-9A-F]{13}"$/),
    })
  })

  test('takes other metadata, and its old version is then known as such', async () => {
    const { etag } = await blob().getProperties()
    await blob().setMetadata({ written: 'there' })
    expect((await blob().getProperties()).metadata).toEqual({ written: 'there' })
    await expect(blob().download(0, undefined, { conditions: { ifMatch: etag! } })).rejects.toMatchObject({
      statusCode: 412,
      code: 'ConditionNotMet',
    })
  })

  test('is read in part', async () => {
    expect((await blob().downloadToBuffer(5, 4)).toString()).toBe(TEXT.slice(5, 9))
    await expect(blob().download(1000, 1)).rejects.toMatchObject({ statusCode: 416, code: 'InvalidRange' })
  })

  test('is not written over where that is not wanted', async () => {
    await expect(blob().upload('other', 5, { conditions: { ifNoneMatch: '*' } })).rejects.toMatchObject({
      statusCode: 409,
      code: 'BlobAlreadyExists',
    })
    expect(await read(twin, 'letter')).toBe(TEXT)
  })

  test('may have any name', async () => {
    const name = 'a folder/ä & <b>"?%#'
    await blob(name).upload('x', 1)
    expect(await read(twin, name)).toBe('x')
    const names: string[] = []
    for await (const item of container().listBlobsFlat({ prefix: 'a folder/' })) names.push(item.name)
    expect(names).toEqual([name])
  })

  test('is gone when it is deleted', async () => {
    await blob('brief').upload('x', 1)
    expect((await blob('brief').delete())._response.status).toBe(202)
    await expect(blob('brief').download()).rejects.toMatchObject({ statusCode: 404, code: 'BlobNotFound' })
    expect((await blob('brief').deleteIfExists()).succeeded).toBe(false)
  })
})

describe('a container', () => {
  test('is made once', async () => {
    const made = blobs(twin).getContainerClient('made')
    expect((await made.createIfNotExists({ metadata: { for: 'tests' } })).succeeded).toBe(true)
    expect(await made.createIfNotExists()).toMatchObject({ succeeded: false, errorCode: 'ContainerAlreadyExists' })
    expect((await made.getProperties()).metadata).toEqual({ for: 'tests' })
    expect(twin.effects().filter((effect) => effect === `container/create ${HOST}/made`)).toHaveLength(1)
  })

  test('lists its blobs in pages', async () => {
    const paged = blobs(twin).getContainerClient('paged')
    await paged.create()
    for (const name of ['c', 'a', 'b']) await paged.getBlockBlobClient(name).upload(name, 1, { metadata: { name } })
    const pages: string[][] = []
    for await (const page of paged.listBlobsFlat({ includeMetadata: true }).byPage({ maxPageSize: 2 }))
      pages.push(page.segment.blobItems.map((item) => `${item.name} ${item.metadata?.name} ${item.properties.contentLength}`))
    expect(pages).toEqual([['a a 1', 'b b 1'], ['c c 1']])
  })

  test('is listed and, with its blobs, deleted', async () => {
    const names = async (): Promise<string[]> => {
      const found: string[] = []
      for await (const { name } of blobs(twin).listContainers({ prefix: 'pa' })) found.push(name)
      return found
    }
    expect(await names()).toEqual(['paged'])
    await blobs(twin).deleteContainer('paged')
    expect(await names()).toEqual([])
    await blobs(twin).createContainer('paged')
    await expect(read(twin, 'a', 'paged')).rejects.toMatchObject({ code: 'BlobNotFound' })
  })
})

describe('the blob service refuses', () => {
  const VERSION = { 'x-ms-version': '2025-01-05' }
  const get = (options: Parameters<RunningTwin['request']>[2] = {}, url = `${HOST}/data/letter`) =>
    twin.request('GET', url, { scope: SCOPES.storage, headers: VERSION, ...options })

  test('who has no token, and says where to get one', async () => {
    const answer = await twin.request('GET', `${HOST}/data/letter`, { headers: VERSION })
    expect(answer).toMatchObject({ status: 401, headers: { 'x-ms-error-code': 'NoAuthenticationInformation' } })
    expect(answer.headers['www-authenticate']).toMatch(
      /^Bearer authorization_uri=https:\/\/login\.azure\.test\/[0-9a-f-]{36}\/oauth2\/authorize resource_id=https:\/\/storage\.azure\.com$/,
    )
  })

  test('a token for another service', async () => {
    const answer = await get({ scope: SCOPES.vault })
    expect(answer).toMatchObject({ status: 401, headers: { 'x-ms-error-code': 'InvalidAuthenticationInfo' } })
    expect(answer.text).toContain('<AuthenticationErrorDetail>Audience validation failed.')
  })

  test('an account’s shared key, and a signature made with one', async () => {
    const headers = { ...VERSION, authorization: 'SharedKey contosodata:AAAA' }
    const refused = { status: 403, headers: { 'x-ms-error-code': 'KeyBasedAuthenticationNotPermitted' } }
    expect(await twin.request('GET', `${HOST}/data/letter`, { headers })).toMatchObject(refused)
    expect(await twin.request('GET', `${HOST}/data/letter?sv=2025-01-05&sig=AAAA`, { headers: VERSION })).toMatchObject(refused)
  })

  test('an application without a role on the blobs', async () => {
    await write(twin, 'letter', TEXT, 'data', 'contosoclosed')
    const closed = blobs(twin, 'contosoclosed', STRANGER).getContainerClient('data').getBlobClient('letter')
    await expect(closed.download()).rejects.toMatchObject({ statusCode: 403, code: 'AuthorizationPermissionMismatch' })
  })

  test.each([
    ['an account that is not there', 'https://nobody.blob.core.azure.test/data/letter', 404, 'ResourceNotFound'],
    ['a container that is not there', `${HOST}/nowhere/letter`, 404, 'ContainerNotFound'],
    ['a blob that is not there', `${HOST}/data/nothing`, 404, 'BlobNotFound'],
    ['a page of no size', `${HOST}/data?restype=container&comp=list&maxresults=0`, 400, 'OutOfRangeQueryParameterValue'],
    ['what it has not got', `${HOST}/data?restype=container&comp=list&delimiter=/`, 501, 'NotImplemented'],
  ])('%s', async (_, url, status, code) => {
    const answer = await get({}, url)
    expect(answer).toMatchObject({ status, headers: { 'x-ms-error-code': code, 'content-type': 'application/xml' } })
    expect(answer.text).toContain(`<Code>${code}</Code>`)
  })

  test('a request without a version', async () => {
    expect(await get({ headers: {} })).toMatchObject({ status: 400, headers: { 'x-ms-error-code': 'MissingRequiredHeader' } })
    expect(await get({ headers: { 'x-ms-version': '2011-08-18' } })).toMatchObject({ headers: { 'x-ms-error-code': 'InvalidHeaderValue' } })
  })

  test.each([
    ['without a type', {}, 'MissingRequiredHeader'],
    ['of an unknown type', { 'x-ms-blob-type': 'Parchment' }, 'InvalidHeaderValue'],
    ['of a type that it has not got', { 'x-ms-blob-type': 'PageBlob' }, 'NotImplemented'],
    ['with another digest', { 'x-ms-blob-type': 'BlockBlob', 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }, 'Md5Mismatch'],
    ['with metadata of a bad name', { 'x-ms-blob-type': 'BlockBlob', 'x-ms-meta-1a': 'x' }, 'InvalidMetadata'],
    ['with too much metadata', { 'x-ms-blob-type': 'BlockBlob', 'x-ms-meta-a': 'x'.repeat(9000) }, 'MetadataTooLarge'],
  ])('a blob %s', async (_, headers, code) => {
    const answer = await twin.request('PUT', `${HOST}/data/refused`, {
      scope: SCOPES.storage,
      headers: { ...VERSION, ...headers },
      body: 'x',
    })
    expect(answer.headers['x-ms-error-code']).toBe(code)
    expect((await get({}, `${HOST}/data/refused`)).status).toBe(404)
  })

  test('a name that is none', async () => {
    await expect(blobs(twin).createContainer('Not--good')).rejects.toMatchObject({ statusCode: 400, code: 'InvalidResourceName' })
  })

  test('public access', async () => {
    await expect(blobs(twin).createContainer('public', { access: 'blob' })).rejects.toMatchObject({ code: 'PublicAccessNotPermitted' })
  })
})

test('nothing that was written is readable in the twin’s files', () => {
  for (const file of ['state.jsonl', 'effects.jsonl']) {
    const text = readFileSync(join(twin.dir, file), 'utf8')
    expect(text).not.toContain(TEXT)
    expect(text).not.toContain(Buffer.from(TEXT).toString('base64').slice(0, -2))
    expect(text).not.toContain('"here"')
  }
})
