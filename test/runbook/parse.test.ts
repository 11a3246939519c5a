import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseRunbook } from '../../engine/src/runbook/parse.ts'
import { bytes, HEAD, HEAD_LINES, places } from './fixtures.ts'

const parse = (source: string | Uint8Array) => parseRunbook(typeof source === 'string' ? bytes(source) : source, 'runbook.yaml')
/** Findings of steps behind HEAD, with lines counted from the first step. */
const inSteps = (steps: string) =>
  places(parse(HEAD + steps).findings).map((place) => place.replace(/^\d+/, (line) => String(Number(line) - HEAD_LINES)))
const wait = (id: string) => `  - id: ${id}\n    wait: 1s\n`

describe('a runbook', () => {
  const design = readFileSync(new URL('design.yaml', import.meta.url))

  it('becomes steps with phase, station, quorums and positions', () => {
    const { runbook, findings } = parse(design)
    expect(findings).toEqual([])
    expect(runbook).toMatchObject({ name: 'byok-ceremony', version: 2, plugins: { 'hsm-ncipher': '^1' } })
    expect(runbook!.steps[0]).toMatchObject({
      id: 'create-world',
      title: 'Create the security world',
      phase: 'The world',
      station: 'hsm-room',
      signOff: { before: { 'crypto-officer': 2 }, after: { 'internal-witness': 1 } },
      does: { kind: 'plugin', plugin: 'hsm-ncipher', action: 'create-world' },
      position: { line: 23, column: 5 },
    })
    expect(runbook!.steps.find(({ id }) => id === 'gone')).toMatchObject({
      until: { that: { source: 'outputs.readable == false' }, every: 5000, within: 900_000 },
    })
    expect(runbook!.steps.at(-1)).toMatchObject({ does: { kind: 'wait', milliseconds: 90_000 } })
  })

  it('takes over phase and station from the step before, and the station from a transfer', () => {
    const { runbook } = parse(design)
    const seen = runbook!.steps.map(({ id, station, phase }) => `${id} ${station} ${phase}`)
    expect(seen.slice(1, 5)).toEqual([
      'generate-key hsm-room The world',
      'to-the-cloud hsm-room The world',
      'kek workstation The cloud',
      'back workstation The cloud',
    ])
  })

  it('has a title made of the id where none is written', () => {
    expect(parse(design).runbook!.steps[9]!.title).toBe('Prove same key')
  })

  it('knows an expression in `${{ }}` from a bare one and where both begin', () => {
    const { runbook } = parse(design)
    const kek = runbook!.steps.find(({ id }) => id === 'kek')!
    expect(kek.forEach).toEqual({ source: 'parameters.geographies', position: { line: 39, column: 19 } })
    const pause = runbook!.steps.at(-1)!
    expect(pause.when).toEqual({ source: 'parameters.cards > 2', position: { line: 77, column: 11 } })
  })

  it('has the same positions with a byte order mark and CRLF as without', () => {
    const broken = `${HEAD}  - id: a\n    tilte: x\n    wait: 1s\n  - id: a\n    wiat: 1s\n`
    const plain = parse(broken)
    const windows = parse(`\ufeff${broken.replaceAll('\n', '\r\n')}`)
    expect(plain.findings.length).toBe(4)
    expect(windows.findings).toEqual(plain.findings)
    expect(windows.runbook!.steps.map(({ position }) => position)).toEqual(plain.runbook!.steps.map(({ position }) => position))
    const good = parse(`\ufeff${design.toString().replaceAll('\n', '\r\n')}`)
    expect(good.findings).toEqual([])
    expect(good.runbook!.steps).toEqual(parse(design).runbook!.steps.map((step) => step))
  })

  it('of ten thousand steps is parsed in one go', () => {
    const steps = Array.from({ length: 10_000 }, (_, i) => wait(`s${i}`)).join('')
    const { runbook, findings } = parse(HEAD + steps)
    expect(findings).toEqual([])
    expect(runbook!.steps.length).toBe(10_000)
  })

  it('may use anchors and aliases', () => {
    const steps = `  - id: a\n    wait: 1s\n    sign-off: &both { before: { officer: 2 } }\n  - id: b\n    wait: 1s\n    sign-off: *both\n`
    const { runbook, findings } = parse(HEAD + steps)
    expect(findings).toEqual([])
    expect(runbook!.steps[1]!.signOff.before).toEqual({ officer: 2 })
  })
})

describe('a broken file', () => {
  it('shows the line with a marker below the place', () => {
    const [finding] = parse(`${HEAD}  - id: a\n    wait: 1s\n    titel: x\n`).findings
    expect(finding!.frame).toBe(' 24 |     titel: x\n    |     ^')
    expect(finding).toMatchObject({ code: 'runbook/unknown-key', message: 'Unknown key `titel`', advice: 'Did you mean `title`?' })
  })

  it('gets all its errors at once, by position', () => {
    const steps = `  - id: a
    wait: 5 s
    sign-off: { before: { oficer: 2, witness: 0 } }
  - id: a
    station: nowhere
    uses: unknown/thing
    colour: red
  - id: c
    wait: 1s
    with: {}
  - id: d
  - id: e
    wait: 1s
    assert: []
    concurrency: 2
`
    expect(inSteps(steps)).toEqual([
      '2:11 runbook/value',
      '3:27 runbook/unknown-role',
      '3:47 runbook/value',
      '4:9 runbook/duplicate-id',
      '5:14 runbook/unknown-station',
      '6:11 runbook/unknown-plugin',
      '7:5 runbook/unknown-key',
      '10:5 runbook/misplaced-key',
      '11:5 runbook/no-kind',
      '13:5 runbook/two-kinds',
      '14:13 runbook/value',
      '15:5 runbook/misplaced-key',
    ])
  })

  it('refuses a cycle of aliases, at the alias', () => {
    expect(inSteps('  - &step\n    id: a\n    uses: hsm-ncipher/x\n    with: { again: *step }\n')).toEqual(['4:20 runbook/alias-cycle'])
  })

  it('refuses an alias without an anchor', () => {
    expect(inSteps('  - id: a\n    wait: *pause\n')).toEqual(['2:11 runbook/alias-unknown'])
  })

  it('refuses aliases that explode, without expanding them', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
    const laughs = names.map((name, i) => `      ${name}: &${name} [${Array(10).fill(i === 0 ? 'lol' : `*${names[i - 1]}`)}]\n`)
    const found = parse(`${HEAD}  - id: a\n    uses: hsm-ncipher/x\n    with:\n${laughs.join('')}`).findings
    expect(found.map(({ code }) => code)).toEqual(['runbook/alias-bomb'])
  })

  it('refuses duplicate keys, keys that are no text, and `__proto__`', () => {
    const steps = '  - id: a\n    uses: hsm-ncipher/x\n    with: { b: 1, b: 2, 3: 4, __proto__: { polluted: true }, ? [x] : y }\n'
    expect(inSteps(steps)).toEqual(['3:19 runbook/duplicate-key', '3:25 runbook/key', '3:31 runbook/key', '3:64 runbook/key'])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('does not take names of JavaScript for names of the runbook', () => {
    expect(inSteps('  - id: constructor\n    station: constructor\n    wait: 1s\n    sign-off: { before: { constructor: 1 } }\n')).toEqual([
      '2:14 runbook/unknown-station',
      '4:27 runbook/unknown-role',
    ])
  })

  it('refuses tabs between words and as indentation', () => {
    expect(inSteps('  - id:\ta\n    wait: 1s\n')).toEqual(['1:8 runbook/tab'])
    expect(inSteps('  - id: a\n\twait: 1s\n')).toContain('2:1 runbook/tab')
  })

  it('refuses what is nested too deeply before anything recurses into it', () => {
    expect(places(parse('['.repeat(200_000)).findings)).toEqual(['1:49 runbook/too-deep'])
    expect(places(parse(`a: ${'{b: '.repeat(100_000)}`).findings)).toEqual(['1:192 runbook/too-deep'])
  })

  it('refuses more than 1 MiB', () => {
    expect(places(parse(new Uint8Array(1024 * 1024 + 1).fill(35)).findings)).toEqual(['1:1 runbook/too-large'])
  })

  it('refuses bytes that are not UTF-8 and says where they are', () => {
    const found = parse(Uint8Array.of(0x61, 0x3a, 0x20, 0xef, 0xbf, 0xbd, 0x0a, 0x62, 0xc3, 0x28)).findings
    expect(places(found)).toEqual(['2:2 runbook/utf-8'])
  })

  it('refuses characters that reviewers cannot see', () => {
    expect(places(parse('title: a\u202eb\nx: \u0007\n').findings)).toEqual(['1:9 runbook/hidden-character', '2:4 runbook/hidden-character'])
  })

  it('refuses a second document, an empty file, and YAML that is not YAML', () => {
    expect(places(parse(`${HEAD}${wait('a')}---\nx: 1\n`).findings).at(-1)).toMatch(/runbook\/documents$/)
    expect(places(parse('# nothing\n').findings)).toEqual(['1:1 runbook/empty'])
    expect(places(parse('a: [1\nb: }\n').findings).every((place) => place.includes('yaml/'))).toBe(true)
  })

  it('refuses numbers that JSON cannot hold exactly', () => {
    const steps = '  - id: a\n    uses: hsm-ncipher/x\n    with: { a: 9007199254740993, b: .inf, c: .nan, d: "\\ud800" }\n'
    expect(inSteps(steps)).toEqual(['3:16 runbook/value', '3:37 runbook/value', '3:46 runbook/value', '3:55 runbook/value'])
  })

  it('has ranges, schemas and words checked that only fit together', () => {
    const source = `runbook: x
version: 1
title: T
stations: { room: { network: none }, desk: { network: azure } }
plugins: { hsm-ncipher: one }
parameters:
  a: { type: strong }
  b: { type: integer, default: two }
  c: { $ref: 'https://example.test/schema' }
steps:
  - id: a
    wait: 0s
    not-same-as: [b, zz]
  - id: b
    wait: 1s
`
    expect(places(parse(source).findings)).toEqual([
      '5:25 runbook/version-range',
      '7:6 runbook/parameter-schema',
      '8:6 runbook/parameter-schema',
      '9:6 runbook/parameter-schema',
      '11:5 runbook/no-station',
      '12:11 runbook/value',
      '13:5 runbook/not-same-as',
      '13:19 runbook/use-before',
      '13:22 runbook/unknown-step',
    ])
  })
})
