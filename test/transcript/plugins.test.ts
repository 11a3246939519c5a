import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Opened } from '../../engine/src/transcript/entry.ts'
import { type PackagedPlugin, packPlugin } from '../../engine/src/transcript/plugin-package.ts'
import { artifactPath } from '../../engine/src/transcript/store.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { broken, NOTHING, plan, rulesOf, sha256, write } from './sample.ts'

/** The ceremony with another package for its plugin, and what follows from that put right. */
const withActions = async (actions: PackagedPlugin['actions']): Promise<string[]> => {
  const entries = plan()
  const bytes = packPlugin({ ...NOTHING, actions })
  Object.assign((entries[0]!.body as Opened).plugins.nothing!, { package: sha256(bytes) })
  Object.assign(entries[0]!.subjects![1]!.digest, { sha256: sha256(bytes) })
  const dir = await write(entries)
  writeFileSync(artifactPath(dir, sha256(bytes)), bytes)
  return rulesOf(await verifyTranscript(dir))
}
const action = NOTHING.actions.do!
const number = (schema: object): object => ({ type: 'object', properties: { number: schema } })

test('an action that the package has not', async () => {
  expect(await withActions({ other: action })).toEqual(['plugin/action 3', 'plugin/action 12', 'plugin/action 14', 'plugin/action 17'])
})

test('inputs and outputs that its schemas rule out, those of every attempt too', async () => {
  expect(await withActions({ do: { ...action, input: number({ maximum: 7 }) as never } })).toEqual(['plugin/input 12', 'plugin/input 14'])
  expect(await withActions({ do: { ...action, output: number({ minimum: 2 }) as never } })).toEqual(['plugin/output 18'])
  const rules = await broken((entries) => void Object.assign(entries[3]!.body, { outputs: { number: 7, more: 1 } }))
  expect(rules).toContain('plugin/output 4')
})

test('schemas that are none, reach outside, go in circles, or answer by a promise', async () => {
  for (const input of [{ type: 7 }, { $ref: 'https://example.com/' }, { $async: true, type: 'string' }, { $ref: '#' }, { pattern: '(' }])
    expect(await withActions({ do: { ...action, input: input as never } })).toContain('plugin/action 3')
})
