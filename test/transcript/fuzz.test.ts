/**
 * Transcripts that were changed by chance, bytes and JSON alike. Whatever they say: verification ends, does not throw, and
 * passes nothing but the original or the beginning of it. CEREMONY_FUZZ=100 tries a hundred times as many.
 */
import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { KEYS, linesOf, type Name, SHORT_RUNBOOK, sealBytes, transcriptOf, troubledPlan, write, writeShort } from './sample.ts'

const FACTOR = Number(process.env.CEREMONY_FUZZ ?? 1)
const TIMEOUT = 300_000 * FACTOR

interface Original {
  readonly dir: string
  readonly bytes: Buffer
  readonly lines: readonly string[]
}
let short: Original
let troubled: Original
beforeAll(async () => {
  const read = (dir: string): Original => ({
    dir,
    lines: linesOf(dir),
    bytes: Buffer.from(
      linesOf(dir)
        .map((line) => `${line}\n`)
        .join(''),
    ),
  })
  short = read(await writeShort())
  troubled = read(await write(troubledPlan(), SHORT_RUNBOOK))
})

let count = 0
let slowest = 0
afterAll(() => {
  process.stdout.write(`fuzz: ${count} changed transcripts, none passed; the slowest took ${Math.round(slowest)} ms\n`)
})

/** Verifies the bytes in the place of the original's. @returns whether they passed, which only the original and its beginnings may */
async function passes({ dir }: Original, bytes: Uint8Array): Promise<boolean> {
  writeFileSync(transcriptOf(dir), bytes)
  const started = performance.now()
  const { ok, findings } = await verifyTranscript(dir)
  slowest = Math.max(slowest, performance.now() - started)
  count++
  const isBeginning = bytes.at(-1) === 0x0a && [short, troubled].some((original) => original.bytes.subarray(0, bytes.length).equals(bytes))
  if (ok !== isBeginning) expect.fail(`${ok ? 'passed' : `did not pass: ${JSON.stringify(findings)}`}\n${Buffer.from(bytes).toString()}`)
  return ok
}

const runs = (share: number): { numRuns: number } => ({ numRuns: share * FACTOR })

describe('bytes', () => {
  interface Edit {
    at: number
    remove: number
    insert: Uint8Array
  }
  const edit: fc.Arbitrary<Edit> = fc.record({
    at: fc.nat(),
    remove: fc.oneof(fc.constant(0), fc.constant(1), fc.nat(40), fc.nat(5000)),
    insert: fc.oneof(
      { weight: 3, arbitrary: fc.uint8Array({ maxLength: 4 }) },
      fc
        .constantFrom('\n', '\n\n', '{', '}', '"', ',', ' ', '\ufeff', '\0', '\\u0000', '=', 'AAAA', '{"payload":""}\n')
        .map((text) => Buffer.from(text)),
    ),
  })
  const apply = (bytes: Buffer, { at, remove, insert }: Edit): Buffer => {
    const from = at % (bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + remove)])
  }

  test(
    'removed, put in and replaced, once and several times',
    async () => {
      const edits = fc.array(edit, { minLength: 1, maxLength: 3 })
      await fc.assert(
        fc.asyncProperty(edits, fc.boolean(), async (all, isLong) => {
          const original = isLong ? troubled : short
          await passes(original, all.reduce(apply, original.bytes))
        }),
        runs(4500),
      )
    },
    TIMEOUT,
  )

  test(
    'of no transcript at all',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
          await passes(short, bytes)
        }),
        runs(500),
      )
    },
    TIMEOUT,
  )
})

describe('lines', () => {
  test(
    'in any order, number and mixture',
    async () => {
      const pick = fc.array(fc.record({ from: fc.constantFrom('own', 'other'), line: fc.nat() }), { maxLength: 8 })
      await fc.assert(
        fc.asyncProperty(pick, async (all) => {
          const lines = all.map(({ from, line }) => {
            const { lines } = from === 'own' ? short : troubled
            return lines[line % lines.length]!
          })
          await passes(short, Buffer.from(lines.map((line) => `${line}\n`).join('')))
        }),
        runs(2000),
      )
    },
    TIMEOUT,
  )
})

describe('statements', () => {
  /** JSON texts that are odd, or not JSON: what they stand for must not matter. */
  const odd = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value)),
    fc.constantFrom(
      '1e999',
      '-0',
      '9007199254740993',
      '1'.repeat(400),
      '0.1000000000000000055',
      'NaN',
      '"\\ud800"',
      '"\\u0000"',
      '"\u2028"',
      '{"__proto__":{"polluted":true}}',
      '{"constructor":{"prototype":{}}}',
      '{"a":1,"a":2}',
      `${'['.repeat(100)}${']'.repeat(100)}`,
      '['.repeat(100_000),
      `${'{"a":'.repeat(70)}1${'}'.repeat(70)}`,
      '"${{ steps }}"',
      '',
    ),
  )
  /** Places in a statement's text at which a value stands: behind a colon, a comma or a bracket. */
  const placesIn = (text: string): RegExpMatchArray[] => [
    ...text.matchAll(/(?<=[:,[])("(?:[^"\\]|\\.)*"|[0-9]+|true|false|null|\{\}|\[\])(?=[,\]}])/g),
  ]
  const textOf = (line: string): string => Buffer.from(JSON.parse(line).payload, 'base64').toString()
  const withText = (line: string, text: string | Buffer): string =>
    JSON.stringify({ ...JSON.parse(line), payload: Buffer.from(text).toString('base64') })

  test(
    'with odd values in place of theirs, signed by nobody',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.nat(), odd, async (which, place, value) => {
          const at = which % short.lines.length
          const text = textOf(short.lines[at]!)
          const match = placesIn(text)[place % placesIn(text).length]!
          const changed = text.slice(0, match.index!) + value + text.slice(match.index! + match[0].length)
          if (changed === text) return
          const lines = short.lines.with(at, withText(short.lines[at]!, changed))
          await passes(short, Buffer.from(lines.map((line) => `${line}\n`).join('')))
        }),
        runs(2500),
      )
    },
    TIMEOUT,
  )

  test(
    'with odd values in place of theirs, signed by everyone',
    async () => {
      const everyone: Name[] = ['room', 'officer-1', 'officer-2', 'officer-3', 'witness-1']
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.nat(), odd, async (which, place, value) => {
          const at = which % troubled.lines.length
          const text = textOf(troubled.lines[at]!)
          const match = placesIn(text)[place % placesIn(text).length]!
          const changed = text.slice(0, match.index!) + value + text.slice(match.index! + match[0].length)
          if (changed === text) return
          const line = await sealText(changed, everyone)
          const bytes = Buffer.from([...troubled.lines.slice(0, at), line].map((each) => `${each}\n`).join(''))
          // Everyone may say many things; that this neither throws nor hangs, and pollutes nothing, is what is tried here.
          writeFileSync(transcriptOf(troubled.dir), bytes)
          await verifyTranscript(troubled.dir)
          count++
          expect(({} as Record<string, unknown>).polluted).toBeUndefined()
        }),
        runs(800),
      )
    },
    TIMEOUT,
  )

  test(
    'of bytes that are no text',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(),
          fc.nat(),
          fc.constantFrom([0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]),
          async (which, place, bad) => {
            const at = which % short.lines.length
            const text = Buffer.from(textOf(short.lines[at]!))
            const from = place % text.length
            const lines = short.lines.with(
              at,
              withText(short.lines[at]!, Buffer.concat([text.subarray(0, from), Buffer.from(bad), text.subarray(from)])),
            )
            await passes(short, Buffer.from(lines.map((line) => `${line}\n`).join('')))
          },
        ),
        runs(500),
      )
    },
    TIMEOUT,
  )
})

describe('signatures', () => {
  test(
    'mixed, moved between lines, and by keys of any kind',
    async () => {
      const all = short.lines.flatMap((line) => JSON.parse(line).signatures as { keyid: string; sig: string }[])
      const names = Object.keys(KEYS) as Name[]
      const signature = fc.oneof(
        fc.nat().map((index) => all[index % all.length]!),
        fc.record({ keyid: fc.constantFrom(...names.map((name) => KEYS[name].keyid)), sig: fc.base64String({ maxLength: 100 }) }),
      )
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.array(signature, { maxLength: 6 }), async (which, signatures) => {
          const at = which % short.lines.length
          const { payload, payloadType } = JSON.parse(short.lines[at]!)
          const lines = short.lines.with(at, JSON.stringify({ payload, payloadType, signatures }))
          await passes(short, Buffer.from(lines.map((line) => `${line}\n`).join('')))
        }),
        runs(1000),
      )
    },
    TIMEOUT,
  )
})

/** Signs a text whether it is canonical JSON or not. */
async function sealText(text: string, names: readonly Name[]): Promise<string> {
  return JSON.stringify(await sealBytes(Buffer.from(text), names))
}
