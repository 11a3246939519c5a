import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parseSeed } from '../../rehearsal/azure/src/seed.ts'
import { SEED } from '../azure-twin.ts'

const dir = mkdtempSync(join(tmpdir(), 'azure-twin-start-'))
afterAll(() => rmSync(dir, { recursive: true }))

describe('a seed', () => {
  test('says what is there before a rehearsal begins', () => {
    expect(parseSeed(stringify(SEED))).toEqual(SEED)
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['an unknown field', { storage: [] }, 'unknown field "storage"'],
    ['a tenant that is no id', { tenant: 'contoso' }, 'seed: tenant'],
    [
      'an application without a secret',
      { applications: [{ clientId: SEED.tenant, objectId: SEED.tenant }] },
      'applications[0].clientSecret',
    ],
    ['a list that is none', { resourceGroups: 'keys' }, 'resourceGroups must be a list'],
    [
      'an account in a group that is not there',
      { storageAccounts: [{ name: 'data', resourceGroup: 'nowhere', location: 'eastus' }] },
      'nowhere',
    ],
  ])('with %s is refused, and the field is named', (_, change, message) => {
    expect(() => parseSeed(stringify({ ...SEED, ...change }))).toThrow(message)
  })
})

describe('the program', () => {
  const start = (...args: string[]) =>
    new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, ['rehearsal/azure/src/main.ts', ...args], (error, _, stderr) =>
        resolve({ code: error?.code ?? 0, stderr }),
      )
    })
  const seed = join(dir, 'seed.yaml')
  writeFileSync(seed, stringify(SEED))
  writeFileSync(join(dir, 'broken.yaml'), 'tenant: [')

  test.each([
    ['no state folder', ['--seed', seed], '--state DIR is missing'],
    ['no seed', ['--state', dir], '--seed FILE is missing'],
    ['a port out of range', ['--state', dir, '--seed', seed, '--port', '70000'], '--port must be a number from 0 to 65535'],
    ['a scale that is no number', ['--state', dir, '--seed', seed, '--time-scale', 'fast'], '--time-scale must be a number'],
    ['a seed that is not there', ['--state', dir, '--seed', join(dir, 'none.yaml')], 'none.yaml'],
    ['a seed that is not YAML', ['--state', dir, '--seed', join(dir, 'broken.yaml')], 'broken.yaml'],
  ])('started with %s says so and ends with 2', async (_, args, message) => {
    const ended = await start(...args)
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain(message)
    expect(ended.stderr).not.toContain('    at ')
  })
})
