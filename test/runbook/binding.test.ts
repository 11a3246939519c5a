import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parseDuration } from '../../engine/src/runbook/duration.ts'
import { ExpressionError } from '../../engine/src/runbook/expression.ts'
import { instances } from '../../engine/src/runbook/instances.ts'
import type { Scope } from '../../engine/src/runbook/model.ts'
import { bindParameters } from '../../engine/src/runbook/parameters.ts'
import { parseRunbook } from '../../engine/src/runbook/parse.ts'
import { plan } from '../../engine/src/runbook/plan.ts'
import { recordSchema } from '../../engine/src/runbook/record.ts'
import { publishedSchema } from '../../engine/src/runbook/schema.ts'
import { bytes, HEAD, places } from './fixtures.ts'

const design = parseRunbook(readFileSync(new URL('design.yaml', import.meta.url)), 'design.yaml').runbook!
const step = (lines: string) => parseRunbook(bytes(`${HEAD}  - id: it\n${lines}`), 'x.yaml').runbook!.steps[0]!
const scope = (parameters: Record<string, unknown>): Scope => ({ parameters, steps: {} })

describe('parameters', () => {
  it('take their defaults', () => {
    const { parameters, findings } = bindParameters(design, {})
    expect(findings).toEqual([])
    expect(parameters).toMatchObject({ 'acs-quorum': '2/3', cards: 3 })
  })

  it('are given by name, and all mistakes are told at once', () => {
    const source = HEAD.replace('count: { type: integer, default: 3 }', 'count: { type: integer, description: How many }')
    const { runbook } = parseRunbook(bytes(`${source}  - id: a\n    wait: 1s\n`), 'x.yaml')
    const { findings } = bindParameters(runbook!, { qourum: '2/3', quorum: 3 })
    expect(places(findings)).toEqual(['14:1 parameters/unknown', '15:3 parameters/value', '16:3 parameters/missing'])
    expect(findings.map(({ advice }) => advice)).toEqual(['Did you mean `quorum`?', undefined, 'How many'])
  })

  it('cannot be given by a name that every JavaScript object has', () => {
    const { parameters, findings } = bindParameters(design, JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}'))
    expect(findings.map(({ code }) => code)).toEqual(['parameters/unknown', 'parameters/unknown'])
    expect((parameters as Record<string, unknown>).polluted).toBeUndefined()
  })
})

describe('for-each', () => {
  const over = step('    for-each: parameters.x\n    wait: 1s\n')
  const keys = (x: unknown) => instances(over, scope({ x })).map(({ key }) => key)

  it('over a map has its names as keys', () => {
    expect(instances(over, scope({ x: { europe: 1, america: 2 } }))).toEqual([
      { key: 'europe', value: 1 },
      { key: 'america', value: 2 },
    ])
  })

  it('over a list has its texts, the `key` of its maps, or else the index as keys', () => {
    expect(keys(['a', 'b'])).toEqual(['a', 'b'])
    expect(keys([{ key: 'x' }, { key: 'y' }])).toEqual(['x', 'y'])
    expect(keys([5, { name: 'no key' }])).toEqual(['0', '1'])
    expect(keys([])).toEqual([])
  })

  it('refuses keys that repeat or that hold odd characters', () => {
    for (const x of [['a', 'a'], ['a b'], [''], ['../up'], ['-rf'], [{ key: '1' }, 2], 'text', 3, null]) {
      expect(() => keys(x)).toThrow(ExpressionError)
    }
  })

  it('is one instance without a key where there is none', () => {
    expect(instances(step('    wait: 1s\n'), scope({}))).toEqual([{ key: null, value: null }])
  })
})

describe('record', () => {
  const bags = step(
    '    instruct: x\n    record:\n      bag: { type: string, pattern: "^[0-9]+$", for-each: "${{ parameters.cards }}" }\n      room: { type: string }\n',
  )

  it('asks once for each item of for-each', () => {
    const bag = { type: 'string', pattern: '^[0-9]+$' }
    const expected = (names: string[]) => ({
      type: 'object',
      properties: {
        bag: {
          type: 'object',
          properties: Object.fromEntries(names.map((name) => [name, bag])),
          required: names,
          additionalProperties: false,
        },
        room: { type: 'string' },
      },
      required: ['bag', 'room'],
      additionalProperties: false,
    })
    expect(recordSchema(bags, scope({ cards: 2 }))).toEqual(expected(['1', '2']))
    expect(recordSchema(bags, scope({ cards: ['acs-1', 'ocs-1'] }))).toEqual(expected(['acs-1', 'ocs-1']))
    expect(recordSchema(bags, scope({ cards: { left: 0 } }))).toEqual(expected(['left']))
  })

  it('is nothing where nothing is recorded, and refuses items that cannot be told apart', () => {
    expect(recordSchema(step('    instruct: x\n'), scope({}))).toBeNull()
    for (const cards of [['a', 'a'], [1], -1, 'x']) expect(() => recordSchema(bags, scope({ cards }))).toThrow(ExpressionError)
  })
})

describe('the plan', () => {
  it('lists the steps with phase and station, and the instances that parameters tell', () => {
    const planned = plan(design, bindParameters(design, {}).parameters)
    expect(planned.map(({ number, step: { id }, station, instances: each }) => [number, id, station, each]).slice(0, 6)).toEqual([
      [1, 'create-world', 'hsm-room', null],
      [2, 'generate-key', 'hsm-room', null],
      [3, 'to-the-cloud', 'hsm-room', null],
      [4, 'kek', 'workstation', ['europe', 'america']],
      [5, 'back', 'workstation', null],
      [6, 'wrap', 'hsm-room', ['europe', 'america']],
    ])
  })

  it('leaves open what only the run tells', () => {
    const source = `${HEAD}  - id: a\n    wait: 1s\n  - id: b\n    for-each: steps.a.outputs.list\n    wait: 1s\n`
    const { runbook } = parseRunbook(bytes(source), 'x.yaml')
    expect(plan(runbook!, {})[1]!.instances).toBe('unknown')
  })
})

describe('the published schema', () => {
  it('describes every key, for editors', () => {
    const undescribed: string[] = []
    const visit = (schema: Record<string, unknown>, path: string) => {
      for (const [name, property] of Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>)) {
        if (typeof property.description !== 'string') undescribed.push(`${path}/${name}`)
        visit(property, `${path}/${name}`)
      }
      for (const inner of [schema.items, schema.additionalProperties]) {
        if (typeof inner === 'object' && inner !== null) visit(inner as Record<string, unknown>, `${path}/*`)
      }
    }
    visit(publishedSchema(), '')
    expect(undescribed).toEqual([])
  })

  it('accepts a runbook and refuses a step that does two things', () => {
    const validate = new Ajv({ strict: false }).compile(publishedSchema())
    const runbook = { runbook: 'a', version: 1, title: 'A', stations: { room: { network: 'none' } }, steps: [{ id: 'a', wait: '1s' }] }
    expect(validate(runbook)).toBe(true)
    expect(validate({ ...runbook, steps: [{ id: 'a', wait: '1s', instruct: 'x' }] })).toBe(false)
  })
})

describe('a duration', () => {
  it('is a number of units, and longer than nothing', () => {
    expect(['5s', '15m', '1h30m', '2d', '250ms', '90s'].map(parseDuration)).toEqual([5000, 900_000, 5_400_000, 172_800_000, 250, 90_000])
    expect(['', '5', '0s', '5 s', '-1s', '1.5s', 'PT5S', '1m1h', '9999999s'].map(parseDuration)).toEqual(Array(9).fill(null))
  })
})
