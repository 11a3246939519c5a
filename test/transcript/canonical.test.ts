import { runInThisContext } from 'node:vm'
import canonicalizeJson from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CanonicalError, canonicalize, parseCanonical, STATEMENT_LIMITS } from '../../engine/src/transcript/canonical.ts'
import { isCanonical } from '../../engine/src/transcript/canonical-scan.ts'

const parse = (text: string | Uint8Array): unknown => parseCanonical(typeof text === 'string' ? Buffer.from(text) : text, STATEMENT_LIMITS)
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

/** JSON data as I-JSON allows it. */
const data = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.string({ unit: 'grapheme' }),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Number.isInteger(number) || Number.isSafeInteger(number)),
    fc.boolean(),
    fc.constant(null),
    tie('list'),
    tie('map'),
  ),
  list: fc.array(tie('value'), { maxLength: 5 }),
  map: fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { maxKeys: 5 }),
})).value

describe('canonicalize', () => {
  test('gives the form of RFC 8785, appendix B and section 3.2.3', () => {
    expect(
      canonicalize({ b: [1e-7, 1.5, 4.5, 0.002, -0], a: '\u20ac$\u000f\nA\'"\\', '\u20ac': 1, '\r': 2, '\u{1f600}': 3, '\ufb33': 4, 1: 5 }),
    ).toBe('{"\\r":2,"1":5,"a":"€$\\u000f\\nA\'\\"\\\\","b":[1e-7,1.5,4.5,0.002,0],"€":1,"😀":3,"\ufb33":4}')
  })

  test.each([
    ['undefined', { a: undefined }, '/a'],
    ['NaN', [Number.NaN], '/0'],
    ['infinity', Number.POSITIVE_INFINITY, ''],
    ['an integer beyond 2^53', { deep: [2 ** 53] }, '/deep/0'],
    ['a lone surrogate', ['\ud800'], '/0'],
    ['a lone surrogate in a name', { '\udc00': 1 }, ''],
    ['a date', { at: new Date(0) }, '/at'],
    ['bytes', new Uint8Array(1), ''],
    ['a bigint', 1n, ''],
    ['a hole', new Array(1), '/0'],
    ['a function', { toJSON: () => 1 }, '/toJSON'],
    ['a cycle', (() => Object.assign({} as Record<string, unknown>, { self: {} }))(), undefined],
  ])('refuses %s and says where', (what, value, where) => {
    if (what === 'a cycle') (value as { self: unknown }).self = value
    expect(() => canonicalize(value)).toThrow(CanonicalError)
    if (where !== undefined) expect(() => canonicalize(value)).toThrow(`at ${where}:`)
  })

  test('takes 64 levels and no more', () => {
    expect(canonicalize(JSON.parse(nested(64)))).toBe(nested(64))
    expect(() => canonicalize(JSON.parse(nested(65)))).toThrow('too deep')
  })
})

describe('parseCanonical', () => {
  test('gives back whatever was written', () => {
    fc.assert(
      fc.property(data, (value) => {
        const text = canonicalize(value)
        expect(canonicalize(parse(text))).toBe(text)
      }),
    )
  })

  test.each([
    ['a duplicate name', '{"a":1,"a":1}'],
    ['a name twice in different spellings', '{"a":1,"\\u0061":2}'],
    ['a blank', '{"a": 1}'],
    ['a newline at the end', '{}\n'],
    ['a byte order mark', '\ufeff{}'],
    ['names out of order', '{"b":1,"a":1}'],
    ['an escape that is not needed', '"\\u0041"'],
    ['upper case in an escape', '"\\u001F"'],
    ['1.0', '1.0'],
    ['1e2', '1e2'],
    ['-0', '-0'],
    ['a number of too many digits', '0.1000000000000000055'],
    ['an integer beyond 2^53', '9007199254740993'],
    ['a number beyond all', '1e999'],
    ['a lone surrogate', '"\\ud800"'],
    ['nothing', ''],
    ['two values', '{}{}'],
    ['half a value', '{"a":'],
    ['a comment', '{}//'],
    ['NaN', 'NaN'],
    ['65 levels', nested(65)],
    ['a million levels', '['.repeat(1_000_000)],
  ])('refuses %s', (_, text) => {
    expect(() => parse(text)).toThrow(CanonicalError)
  })

  test('refuses bytes that are not UTF-8, overlong ones and surrogates included', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0xaf, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0x22, 0xc3],
    ]) {
      expect(() => parse(Buffer.from(bytes))).toThrow(CanonicalError)
    }
  })

  test('refuses more bytes than it is told to take', () => {
    expect(() => parseCanonical(Buffer.from('"aaaa"'), { bytes: 5, depth: 1 })).toThrow('longer than 5 bytes')
  })

  test('tells names with escapes apart, whatever was read before', () => {
    for (const before of ['\\\\', '\\n', 'a'])
      for (const name of ['\\n', '\\"', '\\u001f', '\\\\', '\\\\n', '\\\\\\"', ''])
        for (const text of [
          `{"${before}":0}`,
          `{"${name}":0}`,
          `{"!":1,"${before}":0}`,
          `{"!":1,"${name}":0}`,
          `[{"":"","${name}":[{},"\\"",1.5,null]}]`,
        ])
          if (isCanonical(Buffer.from(text), 64)) expect(canonicalizeJson(parse(text))).toBe(text)
  })

  test('takes __proto__ for a name like any other', () => {
    const value = parse('{"__proto__":{"polluted":true}}') as object
    expect(canonicalize(parse('{"__proto__":{"polluted":"\\n"}}'))).toBe('{"__proto__":{"polluted":"\\n"}}')
    expect(Object.hasOwn(value, '__proto__')).toBe(true)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(canonicalize(value)).toBe('{"__proto__":{"polluted":true}}')
  })

  test('the one pass over the bytes tells the same as writing the value again with another implementation', () => {
    const pieces = fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ':',
        ',',
        '"',
        'a',
        'b',
        '\\n',
        '\\u001f',
        '\\u000a',
        '\\"',
        '\\\\',
        '\\/',
        'é',
        '\u20ac',
        '\ufb33',
        '\u{1f600}',
        '\ue000',
      ],
      ...['0', '1', '-1', '1.5', '1e21', '1e-7', '0.1', '-', 'true', 'false', 'null', ' ', '9007199254740991', '9007199254740992'],
    )
    const names = fc.dictionary(
      fc.string({ unit: fc.constantFrom('a', '\u00e9', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '"', '\\', '\n', '\u001f', '~') }),
      fc.nat(9),
    )
    const texts = fc.oneof(
      fc.array(pieces, { maxLength: 12 }).map((all) => all.join('')),
      data.map((value) => JSON.stringify(value)),
      names.map((map) => JSON.stringify(map)),
      names.map((map) => canonicalizeJson(map) as string),
    )
    const other = (text: string): boolean => {
      try {
        JSON.parse(text)
        // Not what it returned: it confuses names with escapes (see canonical-read.ts). As JavaScript the text means the same.
        const value = runInThisContext(`(${text})`)
        canonicalize(value)
        return canonicalizeJson(value) === text
      } catch {
        return false
      }
    }
    fc.assert(
      fc.property(texts, (text) => {
        expect([escape(text), isCanonical(Buffer.from(text), 64)]).toEqual([escape(text), text.isWellFormed() && other(text)])
      }),
      { numRuns: 20_000 },
    )
  })

  test('any bytes are either refused or exactly what their value is written as', () => {
    const texts = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.string({ unit: fc.constantFrom(...'{}[]",:0123456789.eE+-\\utrfalsn \n'), maxLength: 40 }).map((text) => Buffer.from(text)),
      fc.tuple(data, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
        const bytes = Buffer.from(canonicalize(value))
        bytes[at % bytes.length] = byte
        return bytes
      }),
    )
    fc.assert(
      fc.property(texts, (bytes) => {
        try {
          const value = parse(bytes)
          expect(Buffer.from(canonicalize(value)).equals(Buffer.from(bytes))).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(CanonicalError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
