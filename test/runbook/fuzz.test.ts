import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkSource } from '../../engine/src/runbook/check.ts'
import { checkExpression } from '../../engine/src/runbook/check-expression.ts'
import { ExpressionError, evaluate, resolve } from '../../engine/src/runbook/expression.ts'
import type { Scope } from '../../engine/src/runbook/model.ts'
import { splitTemplate, UnclosedTemplate } from '../../engine/src/runbook/template.ts'
import { bytes, PLUGINS } from './fixtures.ts'

const design = readFileSync(new URL('design.yaml', import.meta.url), 'utf8')
const check = (source: Uint8Array) => checkSource(source, 'fuzz.yaml', PLUGINS)
const AT = { line: 1, column: 1 }

/** Fragments that YAML, CEL and the schema treat specially. */
const fragment = fc.constantFrom(
  ...['- ', ': ', '\n', '  ', '    ', '[', ']', '{', '}', '&a ', '*a', '!!str ', '|', '>', '"', "'", '${{', '}}', '#', '---', '\t', '\r\n'],
  ...[
    'steps',
    'id',
    'uses',
    'assert',
    'that',
    'with',
    'for-each',
    'parameters',
    'each',
    'outputs',
    '__proto__',
    'constructor',
    'null',
    '~',
  ],
  ...['1', '-0', '.inf', '0x10', '.', '==', '&&', '(', ')', 'has(', 'size(', '.all(x, ', '?', 'in', '1u', 'b"x"', 'é', '🔑', '\\'],
)
const soup = fc.array(fc.oneof(fragment, fc.string({ maxLength: 5 })), { maxLength: 40 }).map((pieces) => pieces.join(''))

/** The design's runbook with a stretch of it replaced. */
const mutated = fc
  .record({ at: fc.nat(design.length), length: fc.nat(80), put: soup })
  .map(({ at, length, put }) => design.slice(0, at) + put + design.slice(at + length))

describe('whatever the input is', () => {
  it('bytes give findings and never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (source) => {
        const { runbook, findings } = check(source)
        expect(runbook !== null || findings.length > 0).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('text gives findings and never an exception', () => {
    fc.assert(
      fc.property(soup, (source) => {
        check(bytes(source))
      }),
      { numRuns: 1000 },
    )
  })

  it('a runbook with something else in it gives findings inside the file and never an exception', () => {
    fc.assert(
      fc.property(mutated, (source) => {
        const lines = source.split('\n')
        for (const { position, frame } of check(bytes(source)).findings) {
          expect(position.line).toBeLessThanOrEqual(lines.length)
          expect(position.column).toBeLessThanOrEqual(lines[position.line - 1]!.length + 1)
          expect(frame.split('\n').length).toBe(2)
        }
      }),
      { numRuns: 400 },
    )
  })

  it('an expression is evaluated to JSON or refused with an ExpressionError', () => {
    const scope: Scope = {
      parameters: { count: 3, list: ['a', 1.5], map: { a: { b: true } }, nothing: null },
      steps: { kek: { outputs: { bits: 3072 } } },
      each: { key: 'a', value: { b: 1 } },
    }
    const view = { runbook: check(bytes(design)).runbook!, plugins: new Map(), ids: new Map(), index: 3, each: true, outputs: false }
    const piece = fc.constantFrom(
      ...['parameters', '.count', '.list', '.map', '.nothing', '["a"]', '[0]', 'steps.kek.outputs.bits', 'each.key', '"x"', '1', '1.5'],
      ...[' + ', ' - ', ' / ', ' % ', ' == ', ' < ', ' && ', ' || ', ' ? ', ' : ', ' in ', '!', '-', '(', ')', '[', ']', '{', '}', ', '],
      ...[
        'size(',
        'has(',
        'string(',
        'int(',
        'type(',
        'dyn(',
        'timestamp(',
        'duration(',
        '.all(x, x',
        '.map(x, ',
        '.matches(',
        'null',
        'true',
      ],
    )
    const source = fc.oneof(
      soup,
      fc.array(piece, { minLength: 1, maxLength: 12 }).map((pieces) => pieces.join('')),
    )
    fc.assert(
      fc.property(source, (text) => {
        try {
          const result = evaluate({ source: text, position: AT }, scope)
          expect(JSON.parse(JSON.stringify(result))).toEqual(result)
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError)
        }
        checkExpression(text, view)
      }),
      { numRuns: 400 },
    )
  })

  it('text without `${{` stays what it is, and text between expressions too', () => {
    const scope: Scope = { parameters: { x: 'VALUE' }, steps: {} }
    const plain = fc.string({ maxLength: 20 }).map((text) => text.replaceAll('$', '').replaceAll('{', ''))
    fc.assert(
      fc.property(plain, plain, (before, after) => {
        expect(resolve({ value: before, position: AT }, scope)).toBe(before)
        expect(resolve({ value: `${before}<\${{ parameters.x }}>${after}`, position: AT }, scope)).toBe(`${before}<VALUE>${after}`)
      }),
    )
    fc.assert(
      fc.property(soup, (text) => {
        try {
          splitTemplate(text)
        } catch (error) {
          expect(error).toBeInstanceOf(UnclosedTemplate)
        }
      }),
    )
  })
})
