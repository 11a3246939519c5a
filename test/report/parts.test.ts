import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { choose } from '../../engine/src/officer/quorum.ts'
import { canonicalize, parseCanonical } from '../../engine/src/report/browser/canonical.ts'
import { importKey, isSignedBy, rawOfDer } from '../../engine/src/report/browser/keys.ts'
import { isQuorum } from '../../engine/src/report/browser/signers.ts'
import { clipped, visible } from '../../engine/src/report/browser/text.ts'
import { digestFrom, wordsOf } from '../../engine/src/report/browser/words.ts'
import { inlineModules } from '../../engine/src/report/inline.ts'
import { canonicalize as engines } from '../../engine/src/transcript/canonical.ts'
import { wordsOf as enginesWords } from '../../engine/src/transcript/words.ts'

const home = mkdtempSync(join(tmpdir(), 'ceremony-parts-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const outcome = (make: () => string): string => {
  try {
    return make()
  } catch {
    return 'refused'
  }
}

describe('the page’s own canonical JSON', () => {
  test('is the engine’s, for any data', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(outcome(() => canonicalize(value))).toBe(outcome(() => engines(value)))
      }),
    )
  })

  test.each([
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    '{"a": 1}',
    '1.0',
    '1e2',
    '"\\u0041"',
    '9007199254740993',
    '"\\ud800"',
    '[[['.repeat(40),
    '\ufeff{}',
  ])('refuses %s', (text) => {
    expect(() => parseCanonical(new TextEncoder().encode(text))).toThrow()
  })

  test('refuses what is not UTF-8, and what is nested too deep', () => {
    expect(() => parseCanonical(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(/UTF-8/)
    expect(() => parseCanonical(new TextEncoder().encode(`${'['.repeat(100)}${']'.repeat(100)}`))).toThrow(/deeper/)
  })
})

describe('the page’s own signatures', () => {
  const message = new TextEncoder().encode('what was signed')

  test('are good for each kind of key, and bad for another message', async () => {
    for (const [pair, hash] of [
      [generateKeyPairSync('ed25519'), null],
      [generateKeyPairSync('ec', { namedCurve: 'prime256v1' }), 'sha256'],
      [generateKeyPairSync('ec', { namedCurve: 'secp384r1' }), 'sha384'],
    ] as const) {
      const key = await importKey(pair.publicKey.export({ type: 'spki', format: 'pem' }) as string)
      // ECDSA signatures differ in length from time to time: each length is met.
      for (let round = 0; round < 40; round++) {
        const signature = new Uint8Array(sign(hash, message, pair.privateKey))
        expect(await isSignedBy(key, message, signature)).toBe(true)
        expect(await isSignedBy(key, message.toReversed(), signature)).toBe(false)
      }
    }
  })

  test('in DER are taken in their one spelling alone', () => {
    const integers = (r: number[], s: number[]): Uint8Array =>
      Uint8Array.of(0x30, r.length + s.length + 4, 2, r.length, ...r, 2, s.length, ...s)
    const ones = (length: number): number[] => Array.from({ length }, () => 1)
    expect(rawOfDer(integers([1], [0, 0x80]), 32)).toEqual(new Uint8Array(64).with(31, 1).with(63, 0x80))
    expect(rawOfDer(integers(ones(33), [1]), 48)).toEqual(new Uint8Array(96).fill(1, 15, 48).with(95, 1))
    const wrong = [
      integers([0, 1], [1]),
      integers([0x80], [1]),
      integers([], [1]),
      integers(ones(33), [1]),
      Uint8Array.of(...integers([1], [1]), 0),
      new Uint8Array(),
    ]
    for (const der of wrong) expect(rawOfDer(der, 32)).toBeUndefined()
  })

  test('take no other key and no other spelling of one', async () => {
    const pem = (name: 'rsa' | 'ec'): string =>
      (name === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'secp521r1' })
      ).publicKey.export({ type: 'spki', format: 'pem' }) as string
    await expect(importKey(pem('rsa'))).rejects.toThrow(/neither/)
    await expect(importKey(pem('ec'))).rejects.toThrow(/neither/)
    const good = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }) as string
    await expect(importKey(`${good}\n`)).rejects.toThrow()
    await expect(importKey(good.replace('MCow', 'MCo\nw'))).rejects.toThrow(/spelling/)
  })
})

describe('the page’s own quorums', () => {
  test('are the engine’s, for any people and any quorum', () => {
    const role = fc.constantFrom('a', 'b', 'c')
    const people = fc.array(fc.record({ roles: fc.uniqueArray(role) }), { maxLength: 6 })
    fc.assert(
      fc.property(people, fc.dictionary(role, fc.nat(3)), (who, quorum) => {
        const named = who.map((person, index) => ({ name: `person ${index}`, ...person }))
        expect(isQuorum(named, quorum)).toBe(choose(named, quorum) !== undefined)
      }),
    )
  })
})

describe('the page’s own words', () => {
  test('are the engine’s, and can be read again however they are written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const hex = Buffer.from(bytes).toString('hex')
        expect(wordsOf(hex)).toEqual(enginesWords(hex))
        expect(digestFrom(wordsOf(hex).join('\n').toUpperCase())).toBe(hex)
        expect(digestFrom(hex.replace(/(..)/g, '$1:').toUpperCase())).toBe(hex)
      }),
    )
    expect(digestFrom('aardvark '.repeat(32))).toBeUndefined()
  })
})

describe('text from strangers', () => {
  test('shows nothing hidden and stays as long as it may', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(visible(text)).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/u)
      }),
    )
    expect(visible('a\u0301\u0302\u0303\u0304\u0305')).toBe('a\u0301\u0302\u0303…')
    expect(clipped('x'.repeat(1000), 10)).toBe('xxxxxxxxxx… (1,000 characters)')
  })
})

describe('putting modules into one script', () => {
  const write = (name: string, text: string): string => {
    writeFileSync(join(home, name), text)
    return join(home, name)
  }

  test('takes types away, follows imports once, and keeps names apart', () => {
    write('shared.ts', 'let count = 0\nexport const next = (): number => ++count\n')
    write('other.ts', "import { next } from './shared.ts'\nconst local = 1\nexport const other = (): number => next() + local\n")
    const entry = write(
      'entry.ts',
      "import type { Nothing } from './gone.ts'\nimport { next } from './shared.ts'\nimport { other as another } from './other.ts'\nconst local: Nothing | number = 10\n;(globalThis as { out?: number }).out = next() + another() + local\n",
    )
    new Function(inlineModules(entry))()
    expect((globalThis as { out?: number }).out).toBe(1 + 3 + 10)
  })

  test('refuses what a browser does not have, and what it does not follow', () => {
    expect(() => inlineModules(write('node.ts', "import { readFileSync } from 'node:fs'\nreadFileSync('/')\n"))).toThrow(/no browser has/)
    expect(() => inlineModules(write('star.ts', "import * as all from './shared.ts'\nall\n"))).toThrow(/form of import/)
    expect(() => inlineModules(write('end.ts', "export const end = '</script>'\n"))).toThrow(/end its script/)
  })
})
