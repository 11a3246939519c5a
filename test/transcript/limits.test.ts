/** Strangers' runbooks and schemas that would never come to an end: they do, with a finding. */
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Opened } from '../../engine/src/transcript/entry.ts'
import { type PackagedPlugin, packPlugin } from '../../engine/src/transcript/plugin-package.ts'
import { artifactPath } from '../../engine/src/transcript/store.ts'
import { TimeLimitError, within } from '../../engine/src/transcript/time-limit.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { NOTHING, type Planned, plan, RUNBOOK, sha256, write } from './sample.ts'

/** Against this text the pattern tries more ways than there are seconds in a life. */
const PATTERN = '^(a+)+!?b'
const TEXT = `${'a'.repeat(60)}!`

/** Verifies with half a second for the rules. @returns the rule and line of what stopped it */
async function stopped(entries: readonly Planned[], runbook = RUNBOOK, artifacts: readonly Buffer[] = []): Promise<string[]> {
  const opened = entries[0]!
  const digest = sha256(runbook)
  Object.assign((opened.body as Opened).runbook, { sha256: digest })
  Object.assign(opened.subjects![0]!.digest, { sha256: digest })
  const dir = await write(entries, runbook)
  for (const bytes of artifacts) writeFileSync(artifactPath(dir, sha256(bytes)), bytes)
  const started = performance.now()
  const { ok, findings } = await verifyTranscript(dir, { milliseconds: 500 })
  expect(performance.now() - started).toBeLessThan(20_000)
  expect(ok).toBe(false)
  return findings.filter(({ rule }) => rule === 'transcript/limits').map(({ rule, line }) => `${rule} ${line}`)
}

function withSchema(input: object): Promise<string[]> {
  const entries = plan()
  const bytes = packPlugin({
    ...NOTHING,
    actions: { do: { ...NOTHING.actions.do!, input: input as PackagedPlugin['actions'][string]['input'] } },
  })
  Object.assign((entries[0]!.body as Opened).plugins.nothing!, { package: sha256(bytes) })
  Object.assign(entries[0]!.subjects![1]!.digest, { sha256: sha256(bytes) })
  return stopped(entries, RUNBOOK, [bytes])
}

test('a pattern of a parameter', async () => {
  const entries = plan()
  Object.assign((entries[0]!.body as Opened).parameters, { word: TEXT })
  expect(
    await stopped(entries, RUNBOOK.replace('parameters:\n', `parameters:\n  word: { type: string, pattern: '${PATTERN}' }\n`)),
  ).toEqual(['transcript/limits 1'])
})

test('a pattern of a record', async () => {
  const entries = plan()
  Object.assign(entries[20]!.body, { outputs: { colour: TEXT } })
  expect(await stopped(entries, RUNBOOK.replace('colour: { type: string }', `colour: { type: string, pattern: '${PATTERN}' }`))).toEqual([
    'transcript/limits 21',
  ])
})

test('a pattern in an expression', async () => {
  const runbook = RUNBOOK.replace('steps.make.outputs.number == 7', `1 == 1 && '${TEXT}'.matches('${PATTERN}')`)
  expect(await stopped(plan(), runbook)).toEqual(['transcript/limits 6'])
})

test('a pattern of a plugin’s schema', async () => {
  expect(
    await withSchema({
      propertyNames: { pattern: '^(([a-z])+.)+[A-Z]([a-z])+$' },
      properties: { number: {} },
      patternProperties: { [PATTERN]: {} },
    }),
  ).toEqual([])
  const deep = (levels: number): object =>
    Object.fromEntries(
      Array.from({ length: levels }, (_, level) => [
        `l${level}`,
        { allOf: [{ $ref: `#/$defs/l${level + 1}` }, { $ref: `#/$defs/l${level + 1}` }] },
      ]),
    )
  expect(await withSchema({ $defs: { ...deep(40), l40: { type: 'object' } }, $ref: '#/$defs/l0' })).toEqual(['transcript/limits 3'])
})

test('an expression that goes over everything for everything', async () => {
  const entries = plan()
  const many = 'parameters.numbers'
  const runbook = RUNBOOK.replace(
    'steps.make.outputs.number == 7',
    `${many}.all(a, ${many}.all(b, ${many}.all(c, ${many}.all(d, a + b + c + d != ''))))`,
  )
  Object.assign((entries[0]!.body as Opened).parameters, { numbers: Array.from({ length: 1000 }, (_, index) => `n${index}`) })
  expect(await stopped(entries, runbook)).toEqual(['transcript/limits 6'])
})

test('work that ends in time is done, and what it throws is thrown', () => {
  let done = false
  within(5000, () => {
    done = true
  })
  expect(done).toBe(true)
  expect(() => within(5000, () => JSON.parse('{'))).toThrow(SyntaxError)
  expect(() =>
    within(50, () => {
      for (;;);
    }),
  ).toThrow(TimeLimitError)
})
