import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { canonicalize } from '../../engine/src/transcript/canonical.ts'
import { artifactPath } from '../../engine/src/transcript/store.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import {
  EXCHANGES,
  folder,
  KEYS,
  linesOf,
  MADE,
  type Planned,
  plan,
  rewrite,
  rulesOf,
  seal,
  sha256,
  statementOf,
  transcriptOf,
  write,
  writeShort,
} from './sample.ts'

let original: string
beforeAll(async () => {
  original = await write(plan())
})

const copy = (): string => {
  const dir = folder()
  cpSync(original, dir, { recursive: true })
  return dir
}
const changed = async (change: (lines: string[]) => string[]): Promise<string[]> => {
  const dir = copy()
  rewrite(dir, change(linesOf(dir)))
  return rulesOf(await verifyTranscript(dir))
}
const lineNumbers = Array.from({ length: plan().length }, (_, index) => index + 1)

/** Every byte takes most of a minute; without it, those at the seams of the JSON and base64, and every eleventh. */
const EVERY_BYTE = process.env.CEREMONY_EVERY_BYTE === '1'

describe('a byte', () => {
  test('flipped anywhere is found, at its line or at the next', async () => {
    const dir = await writeShort()
    const bytes = readFileSync(transcriptOf(dir))
    const seams = new Set(
      [...bytes.keys()].filter((index) => bytes[index] === 0x22 || bytes[index] === 0x0a).flatMap((at) => [at - 1, at, at + 1]),
    )
    let line = 1
    for (const [index, byte] of bytes.entries()) {
      if (EVERY_BYTE || index % 11 === 0 || seams.has(index)) {
        bytes[index] = byte ^ (1 << (index % 8))
        writeFileSync(transcriptOf(dir), bytes)
        const { ok, findings } = await verifyTranscript(dir)
        const near = findings.some((finding) => finding.rule !== '' && [0, line, line + 1].includes(finding.line))
        if (ok || !near) expect.fail(`bit ${index % 8} of byte ${index} (line ${line}): ${JSON.stringify(findings)}`)
        bytes[index] = byte
      }
      if (byte === 0x0a) line++
    }
    writeFileSync(transcriptOf(dir), bytes)
    expect(await verifyTranscript(dir)).toMatchObject({ ok: true })
  }, 180_000)

  test('added at the end, or taken from it, is found', async () => {
    const dir = copy()
    const bytes = readFileSync(transcriptOf(dir))
    writeFileSync(transcriptOf(dir), Buffer.concat([bytes, Buffer.from('{')]))
    expect(rulesOf(await verifyTranscript(dir))).toEqual(['transcript/torn 0'])
    writeFileSync(transcriptOf(dir), bytes.subarray(0, -1))
    expect(rulesOf(await verifyTranscript(dir))).toContain('transcript/torn 0')
    writeFileSync(transcriptOf(dir), Buffer.concat([bytes, Buffer.from('\n')]))
    expect(rulesOf(await verifyTranscript(dir))).toEqual(['envelope/canonical 23'])
  })
})

describe('a line', () => {
  test.each(lineNumbers.slice(0, -1))('that is dropped is found where it is missing (line %i)', async (line) => {
    expect(await changed((lines) => lines.toSpliced(line - 1, 1))).toContain(`chain/previous ${line}`)
  })

  test('that is dropped at the end leaves a ceremony that is said not to be closed, and the head tells', async () => {
    const dir = copy()
    const head = sha256(linesOf(dir).at(-1)!)
    rewrite(dir, linesOf(dir).slice(0, -1))
    const result = await verifyTranscript(dir)
    expect(result).toMatchObject({ ok: true, closed: false })
    expect(result.verdict).toContain('not closed')
    expect(rulesOf(await verifyTranscript(dir, { head }))).toEqual(['head/digest 0'])
  })

  test.each(lineNumbers.slice(0, -1))('that is swapped with the next is found (line %i)', async (line) => {
    const rules = await changed((lines) => lines.toSpliced(line - 1, 2, lines[line]!, lines[line - 1]!))
    expect(rules).toContain(`chain/previous ${line}`)
  })

  test.each(lineNumbers)('that stands there twice is found (line %i)', async (line) => {
    expect(await changed((lines) => lines.toSpliced(line, 0, lines[line - 1]!))).toContain(`chain/previous ${line + 1}`)
  })

  test('of another ceremony is found', async () => {
    const other = linesOf(await write(plan().map((entry) => ({ ...entry, time: '2026-02-02T03:04:05.000Z' }))))
    expect(await changed((lines) => lines.with(3, other[3]!))).toContain('chain/previous 4')
  })

  test('with blanks, or members in another order, is not canonical', async () => {
    expect(await changed((lines) => lines.with(2, lines[2]!.replace('{"payload"', '{ "payload"')))).toContain('envelope/canonical 3')
    const { payload, payloadType, signatures } = JSON.parse(linesOf(original)[2]!)
    const reordered = JSON.stringify({ signatures, payload, payloadType })
    expect(await changed((lines) => lines.with(2, reordered))).toContain('envelope/canonical 3')
  })

  test('longer than any entry can be is refused without being read to its end', async () => {
    const dir = copy()
    writeFileSync(transcriptOf(dir), Buffer.alloc(20 * 1024 * 1024, 0x20))
    expect(rulesOf(await verifyTranscript(dir))).toContain('envelope/size 1')
  })
})

describe('a transcript', () => {
  const OTHER = '01HYYYYYYYYYYYYYYYYYYYYYYY'
  const everyLine = lineNumbers.map((line) => ({ line, kind: plan()[line - 1]!.body.kind }))
  /** That line and all behind it written anew: by whom the change says. */
  const rewritten = async (line: number, change: (entry: Planned) => Planned): Promise<string[]> => {
    const entries = plan().map((entry, index) => (index < line - 1 ? entry : change(entry)))
    return rulesOf(await verifyTranscript(await write(entries)))
  }
  const atOrBehind = (rules: readonly string[], line: number, codes: readonly string[]): boolean =>
    rules.some((rule) => codes.includes(rule.split(' ')[0]!) && Number(rule.split(' ')[1]) >= line)

  test.each(everyLine)('that a station alone writes anew from line $line ($kind) on misses the officers', async ({ line }) => {
    const rules = await rewritten(line, (entry) => ({ ...entry, by: [] }))
    expect(atOrBehind(rules, line, ['quorum/everyone', 'quorum/distinct', 'signer/officer'])).toBe(true)
  })

  test.each(everyLine)('that a station and one officer write anew from line $line ($kind) on misses the others', async ({ line }) => {
    const rules = await rewritten(line, (entry) => ({ ...entry, by: ['officer-1'] }))
    expect(atOrBehind(rules, line, ['quorum/everyone', 'quorum/distinct', 'signer/officer', 'signer/role', 'signer/not-same-as'])).toBe(
      true,
    )
  })

  test.each(everyLine)('that a stranger writes anew from line $line ($kind) on is by an unknown key', async ({ line }) => {
    const lines = linesOf(original).slice(0, line - 1)
    for (const entry of plan().slice(line - 1)) {
      const head = lines.length === 0 ? undefined : { sequence: lines.length - 1, digest: sha256(lines.at(-1)!) }
      lines.push(canonicalize(await seal(statementOf(entry, head), ['stranger'])))
    }
    expect(await changed(() => lines)).toContain(`signature/unknown-key ${line}`)
  })

  test.each(everyLine.slice(1))('that goes on from line $line ($kind) as another ceremony is found there', async ({ line }) => {
    const other = linesOf(await write(plan().map((entry) => ({ ...entry, ceremony: OTHER }))))
    expect(await changed((lines) => [...lines.slice(0, line - 1), ...other.slice(line - 1)])).toEqual(
      expect.arrayContaining([`chain/previous ${line}`, `chain/ceremony ${line}`]),
    )
    // Even where everyone signs that it follows.
    expect(await rewritten(line, (entry) => ({ ...entry, ceremony: OTHER }))).toContain(`chain/ceremony ${line}`)
  })

  test.each(everyLine)('that is cut off in the midst of line $line ($kind) is torn', async ({ line }) => {
    const dir = copy()
    const whole = linesOf(dir)
    const cut = `${whole
      .slice(0, line - 1)
      .map((text) => `${text}\n`)
      .join('')}${whole[line - 1]!.slice(0, 100)}`
    writeFileSync(transcriptOf(dir), cut)
    expect(rulesOf(await verifyTranscript(dir))).toContain('transcript/torn 0')
  })

  test.each(everyLine.slice(0, -1))('that ends with line $line ($kind) holds as far as it goes, and the head tells', async ({ line }) => {
    const dir = copy()
    const head = sha256(linesOf(dir).at(-1)!)
    rewrite(dir, linesOf(dir).slice(0, line))
    expect(await verifyTranscript(dir)).toMatchObject({ ok: true, closed: false, verdict: expect.stringContaining('not closed') })
    expect(rulesOf(await verifyTranscript(dir, { head }))).toEqual(['head/digest 0'])
  })
})

describe('a signature', () => {
  const withSignatures = (line: number, change: (signatures: { keyid: string; sig: string }[]) => unknown[]): Promise<string[]> =>
    changed((lines) => {
      const envelope = JSON.parse(lines[line - 1]!)
      return lines.with(line - 1, canonicalize({ ...envelope, signatures: change(envelope.signatures) }))
    })

  test('that is taken away is missed by the quorum', async () => {
    expect(await withSignatures(3, (signatures) => signatures.slice(0, -1))).toContain('quorum/distinct 3')
  })

  test('that stands there twice is found', async () => {
    expect(await withSignatures(3, (signatures) => [...signatures, signatures[1]!])).toContain('signature/twice 3')
  })

  test('of officers in another order than they are named is found, even in the last line', async () => {
    const last = plan().length
    expect(await withSignatures(last, ([station, first, second, ...rest]) => [station, second, first, ...rest])).toEqual([
      `signature/order ${last}`,
    ])
  })

  test('by one key twice does not make a quorum of two', async () => {
    const rules = await withSignatures(3, ([station, first]) => [station!, first!, first!])
    expect(rules).toContain('signature/twice 3')
  })

  test('of another entry is bad', async () => {
    const other = JSON.parse(linesOf(original)[3]!).signatures
    expect(await withSignatures(3, (signatures) => [other[0], ...signatures.slice(1)])).toContain('signature/valid 3')
  })

  test('of no entry at all is bad, whatever its length and kind of key', async () => {
    for (const sig of ['', 'AAAA', Buffer.alloc(64).toString('base64'), Buffer.alloc(5000, 0x30).toString('base64')]) {
      for (const place of [0, 1, 2]) {
        expect(await withSignatures(3, (signatures) => signatures.with(place, { ...signatures[place]!, sig }))).toContain(
          'signature/valid 3',
        )
      }
    }
  })

  test('by a stranger is found, though all the rest is signed anew', async () => {
    const statement = JSON.parse(Buffer.from(JSON.parse(linesOf(original)[2]!).payload, 'base64').toString())
    const envelope = await seal(statement, ['stranger', 'officer-1', 'officer-2'])
    expect(await changed((lines) => lines.with(2, canonicalize(envelope)))).toContain('signature/unknown-key 3')
  })

  test('by a stranger under an officer’s name for the key is bad', async () => {
    const statement = JSON.parse(Buffer.from(JSON.parse(linesOf(original)[2]!).payload, 'base64').toString())
    const { signatures } = await seal(statement, ['stranger'])
    const forged = { keyid: KEYS['officer-1'].keyid, sig: signatures[0]!.sig }
    expect(await withSignatures(3, (own) => own.with(1, forged))).toContain('signature/valid 3')
  })
})

describe('an artifact', () => {
  test('that was replaced is found at the entry that names it', async () => {
    const dir = copy()
    writeFileSync(artifactPath(dir, sha256(MADE)), 'something else')
    expect(rulesOf(await verifyTranscript(dir))).toEqual(['artifact/digest 4'])
  })

  test('that is missing is found', async () => {
    for (const [bytes, line] of [[EXCHANGES, 4] as const, [MADE, 4] as const]) {
      const dir = copy()
      rmSync(artifactPath(dir, sha256(bytes)))
      expect(rulesOf(await verifyTranscript(dir))).toEqual([`artifact/missing ${line}`])
    }
  })

  test('that is another runbook is found', async () => {
    const dir = copy()
    const { sha256: digest } = JSON.parse(Buffer.from(JSON.parse(linesOf(dir)[0]!).payload, 'base64').toString()).predicate.runbook
    writeFileSync(artifactPath(dir, digest), 'runbook: other\n')
    expect(rulesOf(await verifyTranscript(dir))).toEqual(expect.arrayContaining(['artifact/digest 1', 'opened/runbook 1']))
  })

  test('that no entry names is only a warning', async () => {
    const dir = copy()
    writeFileSync(artifactPath(dir, sha256('left over')), 'left over')
    const result = await verifyTranscript(dir)
    expect(result).toMatchObject({ ok: true, warnings: [{ rule: 'artifact/unnamed' }] })
  })

  test('is looked for beside a transcript that is given as a file', async () => {
    const dir = copy()
    expect(await verifyTranscript(transcriptOf(dir))).toMatchObject({ ok: true })
    renameSync(join(dir, 'artifacts'), join(dir, 'elsewhere'))
    const result = await verifyTranscript(transcriptOf(dir))
    expect(result).toMatchObject({ ok: false, findings: [] })
    expect(result.verdict).toContain('NOT FULLY CHECKED')
    expect(result.unchecked).toEqual(expect.arrayContaining(['artifact/missing', 'step/inputs', 'quorum/distinct', 'plugin/output']))
    expect(rulesOf(await verifyTranscript(dir))).toEqual(expect.arrayContaining(['artifact/missing 1', 'artifact/missing 4']))
  })
})
