/** The page's check and `verify` over the same mutated bytes: neither may pass what was changed, and neither may break. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { checkTranscript } from '../../engine/src/report/browser/check.ts'
import type { Embedded } from '../../engine/src/report/browser/embedded.ts'
import { ceremonyOf } from '../../engine/src/report/browser/model.ts'
import { gather } from '../../engine/src/report/gather.ts'
import { TRANSCRIPT } from '../../engine/src/transcript/store.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { writeByok } from './byok.ts'

let dir: string
let good: Buffer
let embedded: Embedded

beforeAll(async () => {
  dir = await writeByok({ until: 'create-operator-cards' })
  good = readFileSync(join(dir, TRANSCRIPT))
  const { about, artifacts } = gather(dir)
  const held = [...artifacts].map(([sha256, bytes]) => [sha256, { sha256, bytes: new Uint8Array(bytes) }] as const)
  embedded = { about: { version: '0', ...about }, transcript: new Uint8Array(good), artifacts: new Map(held) }
})

const check = (transcript: Uint8Array) => checkTranscript({ ...embedded, transcript: new Uint8Array(transcript) }, () => {})

type Mutation = {
  readonly kind: 'flip' | 'cut' | 'insert' | 'repeat' | 'swap'
  readonly place: number
  readonly byte: number
  readonly length: number
}

const mutations = fc.record({
  kind: fc.constantFrom('flip', 'cut', 'insert', 'repeat', 'swap') as fc.Arbitrary<Mutation['kind']>,
  place: fc.double({ min: 0, max: 0.9999, noNaN: true }),
  byte: fc.integer({ min: 1, max: 255 }),
  length: fc.integer({ min: 1, max: 400 }),
})

function mutated({ kind, place, byte, length }: Mutation): Buffer {
  const at = Math.floor(place * good.length)
  const [before, here, after] = [good.subarray(0, at), good.subarray(at, at + length), good.subarray(at + length)]
  switch (kind) {
    case 'flip':
      return Buffer.concat([before, Buffer.of(good[at]! ^ byte), good.subarray(at + 1)])
    case 'cut':
      return Buffer.concat([before, after])
    case 'insert':
      return Buffer.concat([before, Buffer.alloc(length, byte), here, after])
    case 'repeat':
      return Buffer.concat([before, here, here, after])
    case 'swap':
      return Buffer.concat([before, here.toReversed(), after])
  }
}

describe('a transcript with bytes changed at random', () => {
  test('as it was, holds', async () => {
    expect((await check(good)).findings).toEqual([])
  })

  test('never holds in the page, and never breaks it', async () => {
    await fc.assert(
      fc.asyncProperty(mutations, async (mutation) => {
        const bytes = mutated(mutation)
        fc.pre(!bytes.equals(good))
        const checked = await check(bytes)
        // A whole number of first lines is a transcript that was cut off: it holds, and is not closed.
        const isPrefix = good.subarray(0, bytes.length).equals(bytes) && bytes.at(-1) === 0x0a
        expect(checked.findings.length > 0).toBe(!isPrefix)
        ceremonyOf(checked.lines, embedded.about.plan)
      }),
      { numRuns: 1500 },
    )
  })

  test('is judged alike by the page and by `verify`', async () => {
    await fc.assert(
      fc.asyncProperty(mutations, async (mutation) => {
        const bytes = mutated(mutation)
        writeFileSync(join(dir, 'changed.jsonl'), bytes)
        const [page, { ok }] = await Promise.all([check(bytes), verifyTranscript(join(dir, 'changed.jsonl'))])
        expect(page.findings.length === 0).toBe(ok)
      }),
      { numRuns: 60 },
    )
  })
})

describe('an entry with another value in it, signed again by nobody', () => {
  test('is never shown as good, whatever the value', async () => {
    const lines = good.toString('utf8').trimEnd().split('\n')
    const names = [
      'step',
      'instance',
      'inputs',
      'outputs',
      'attempts',
      'error',
      'evidence',
      'waiver',
      'officers',
      'stations',
      'exchanges',
      'time',
      'previous',
      'kind',
    ]
    await fc.assert(
      fc.asyncProperty(fc.nat(lines.length - 1), fc.constantFrom(...names), fc.jsonValue(), async (index, name, value) => {
        const envelope = JSON.parse(lines[index]!) as { payload: string }
        const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')) as { predicate: Record<string, unknown> }
        fc.pre(JSON.stringify(statement.predicate[name]) !== JSON.stringify(value))
        statement.predicate[name] = value
        const payload = Buffer.from(JSON.stringify(statement)).toString('base64')
        const checked = await check(Buffer.from(`${lines.with(index, JSON.stringify({ ...envelope, payload })).join('\n')}\n`))
        expect(checked.findings.map(({ line }) => line)).toContain(index + 1)
        ceremonyOf(checked.lines, embedded.about.plan)
      }),
      { numRuns: 500 },
    )
  })
})
