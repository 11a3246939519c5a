import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { STATEMENT_SHAPES } from '../../engine/src/transcript/entry-schema.ts'
import { RULES } from '../../engine/src/transcript/rules/catalogue.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { plan, transcriptOf, troubledPlan, write, writeShort } from './sample.ts'

const read = (name: string): string => readFileSync(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), 'utf8')
const schema = JSON.parse(read('verify-result.schema.json'))
const guide = read('transcript.md')

test('the guide tells of every rule, in the words of the catalogue, and of no other', () => {
  const told = [...guide.matchAll(/^\| `([a-z]+\/[a-z-]+)` \| (.*) \| ([a-z]+) \|$/gm)].map(([, code, holds, needs]) => [
    code,
    { holds, needs },
  ])
  expect(told).toEqual(Object.entries(RULES))
})

test('the guide tells of every kind of entry with every member that it has', () => {
  for (const [kind, shape] of Object.entries(STATEMENT_SHAPES)) {
    const row = guide.split('\n').find((line) => line.startsWith(`| \`${kind}\` |`))
    const { predicate } = (shape as { properties: { predicate: { properties: Record<string, object> } } }).properties
    for (const member of Object.keys(predicate.properties))
      expect(`${kind}: ${row} ${guide.slice(0, guide.indexOf('| `opened`'))}`).toContain(`\`${member}\``)
  }
})

test('results of every sort are as the schema says', async () => {
  const validate = new Ajv2020({ allErrors: true }).compile(schema)
  const whole = await write(plan())
  const results = [
    await verifyTranscript(whole),
    await verifyTranscript(whole, { head: 'ab'.repeat(32) }),
    await verifyTranscript(await writeShort()),
    await verifyTranscript(await write(troubledPlan())),
    await verifyTranscript(await write([])),
    await verifyTranscript(await write(plan().reverse())),
    await verifyTranscript(transcriptOf(await write(plan().slice(0, 5)))),
  ]
  for (const result of results) {
    validate(JSON.parse(JSON.stringify(result)))
    expect(validate.errors ?? []).toEqual([])
  }
  expect(new Set(results.map(({ ok }) => ok))).toEqual(new Set([true, false]))
})

test('the schema knows the rules that there are', () => {
  expect(schema.$defs.rule.enum).toEqual(Object.keys(RULES))
})
