import { describe, expect, it } from 'vitest'
import { ExpressionError, evaluate, holds, resolve } from '../../engine/src/runbook/expression.ts'
import type { Scope } from '../../engine/src/runbook/model.ts'

const position = { line: 7, column: 11 }
const scope: Scope = {
  parameters: {
    count: 2,
    half: 0.5,
    'acs-quorum': '2/3',
    geographies: { europe: { vault: 'eu' }, america: { vault: 'us' } },
    list: ['a', 'b'],
    constructor: 'a name like any other',
    nothing: null,
  },
  steps: { kek: { europe: { outputs: { bits: 3072, kid: 'k1' } } } },
  each: { key: 'europe', value: { vault: 'eu' } },
}
const value = (source: string, over: Scope = scope) => evaluate({ source, position }, over)
const refusal = (run: () => unknown): ExpressionError => {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(ExpressionError)
    return error as ExpressionError
  }
  throw new Error('nothing was refused')
}

describe('an expression', () => {
  it('sees whole JSON numbers as ints and gives numbers back', () => {
    expect(value('parameters.count == 2')).toBe(true)
    expect(value('parameters.count + 1')).toBe(3)
    expect(value('size(parameters.geographies)')).toBe(2)
    expect(value('5 / parameters.count')).toBe(2)
    expect(value('int(parameters["acs-quorum"].split("/")[1])')).toBe(3)
  })

  it('mixes whole and broken numbers, as JSON does', () => {
    expect(value('parameters.count * parameters.half')).toBe(1)
    expect(value('parameters.count + 1.5 == 3.5')).toBe(true)
    expect(value('parameters.count == 2.0 && parameters.half != 1')).toBe(true)
  })

  it('reads outputs of steps by key', () => {
    expect(value('steps.kek[each.key].outputs.bits')).toBe(3072)
    expect(value('steps.kek.all(k, steps.kek[k].outputs.bits >= 2048)')).toBe(true)
  })

  it('gives plain JSON data', () => {
    expect(value('parameters.geographies')).toEqual({ europe: { vault: 'eu' }, america: { vault: 'us' } })
    expect(value('parameters.geographies.map(g, {"key": g, "vault": parameters.geographies[g].vault})')).toEqual([
      { key: 'europe', vault: 'eu' },
      { key: 'america', vault: 'us' },
    ])
    expect(value('parameters.geographies == {"america": {"vault": "us"}, "europe": {"vault": "eu"}}')).toBe(true)
    expect(value('[1, "a", null, 1.5, true]')).toEqual([1, 'a', null, 1.5, true])
    expect(value('timestamp("2026-01-30T00:00:00Z") + duration("90s")')).toBe('2026-01-30T00:01:30.000Z')
  })

  it('sees nothing of JavaScript', () => {
    expect(value('parameters.constructor')).toBe('a name like any other')
    for (const source of [
      'steps.constructor',
      'steps.__proto__',
      'parameters.list.length',
      'parameters.toString',
      'globalThis',
      'process',
    ]) {
      expect(refusal(() => value(source)).code).toMatch(/^expression\//)
    }
    expect(refusal(() => value('{"__proto__": 1}')).reason).toContain('__proto__')
  })

  it('that fails says where it stands and what is wrong', () => {
    const error = refusal(() => value('parameters.count + parameters.cuont'))
    expect(error).toMatchObject({ code: 'expression/failed', position: { line: 7, column: 41 }, reason: 'No such key: cuont' })
    expect(error.message).toBe('7:41: No such key: cuont in `parameters.count + parameters.cuont`')
  })

  it('may not grow without bounds', () => {
    expect(refusal(() => value(`${'('.repeat(500)}1${')'.repeat(500)}`)).reason).toMatch(/maxDepth/)
    expect(refusal(() => value(`1${' + 1'.repeat(2000)}`)).code).toBe('expression/too-long')
    expect(refusal(() => value('9223372036854775807')).code).toBe('expression/result')
    expect(refusal(() => value('  ')).code).toBe('expression/syntax')
  })

  it('looks only at the data it needs, however much there is', () => {
    const steps = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`s${i}`, { outputs: { n: i } }]))
    let looked = 0
    const counting = new Proxy(steps, {
      get(target, name) {
        looked++
        return target[name as string]
      },
    })
    expect(value('steps.s7.outputs.n + steps.s49999.outputs.n', { parameters: {}, steps: counting })).toBe(50_006)
    expect(looked).toBe(2)
  })

  it('used as a condition must be true or false', () => {
    expect(holds({ source: 'parameters.count > 1', position }, scope)).toBe(true)
    expect(refusal(() => holds({ source: 'parameters.count', position }, scope)).code).toBe('expression/not-boolean')
  })
})

describe('a template', () => {
  const filled = (template: unknown) => resolve({ value: template, position }, scope)

  it('that is one expression keeps its type', () => {
    expect(filled('${{ parameters.count }}')).toBe(2)
    expect(filled({ a: ['${{ parameters.geographies.europe }}', 'b'], n: 1, nothing: null })).toEqual({
      a: [{ vault: 'eu' }, 'b'],
      n: 1,
      nothing: null,
    })
  })

  it('writes text, numbers and truths into text, and nothing else', () => {
    expect(filled('${{ each.key }}-${{ parameters.count }} ${{ true }}!')).toBe('europe-2 true!')
    expect(refusal(() => filled('a ${{ parameters.list }}')).reason).toContain('a list')
    expect(refusal(() => filled('a ${{ parameters.nothing }}')).reason).toContain('null')
  })

  it('leaves braces inside an expression to the expression', () => {
    expect(filled('${{ {"a": {"b": "}}"}}.a.b }} ${{ "}}\\"" }}')).toBe('}} }}"')
  })

  it('writes `${{` for `$${{`, and leaves other dollars alone', () => {
    expect(filled('$${{ parameters.count }} costs $5 and ${x}')).toBe('${{ parameters.count }} costs $5 and ${x}')
  })

  it('that is not closed is refused', () => {
    expect(refusal(() => filled('x ${{ parameters.count }')).message).toContain('without `}}`')
  })
})
