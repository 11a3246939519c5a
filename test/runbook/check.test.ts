import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkSource } from '../../engine/src/runbook/check.ts'
import { formatFinding } from '../../engine/src/runbook/frame.ts'
import type { Finding } from '../../engine/src/runbook/model.ts'
import { bytes, HEAD, HEAD_LINES, PLUGINS, places } from './fixtures.ts'

const check = (source: string) => checkSource(bytes(source), 'runbook.yaml', PLUGINS).findings
/** Places of the findings in steps behind HEAD, with lines counted from the first step. */
const counted = (findings: readonly Finding[]) =>
  places(findings).map((place) => place.replace(/^\d+/, (line) => String(Number(line) - HEAD_LINES)))
const inSteps = (steps: string) => counted(check(HEAD + steps))
const errorsInSteps = (steps: string) => counted(check(HEAD + steps).filter(({ severity }) => severity === 'error'))
const SIGNED = 'sign-off: { before: { officer: 2 } }'
const KEK = '  - id: kek\n    uses: azure-vault/create-kek\n    with: { vault: v, key-name: k }\n'
const EACH =
  '  - id: each-kek\n    for-each: parameters.geographies\n    uses: azure-vault/create-kek\n    with: { vault: v, key-name: k }\n'
/** The single finding about an assertion behind KEK and EACH. */
const asserting = (that: string) => check(`${HEAD}${KEK}${EACH}  - id: proof\n    assert:\n      - message: m\n        that: ${that}\n`)

describe('check', () => {
  it('is content with the runbook of the language reference', () => {
    const design = readFileSync(new URL('design.yaml', import.meta.url), 'utf8')
    expect(check(design)).toEqual([])
  })

  it('finds a list and a map that would have to stand inside text, and lets a joined list stand', () => {
    const step = (text: string) => `  - id: tell\n    instruct: 'Look: ${text}'\n`
    const [finding, ...more] = check(`${HEAD}${step('${{ [1, 2] }} here')}`)
    expect(more).toEqual([])
    expect(finding).toMatchObject({
      code: 'expression/type',
      message: 'A list cannot stand inside text',
      advice: expect.stringContaining('join'),
    })
    expect(errorsInSteps(step('${{ parameters.geographies }}'))).toEqual(['2:26 expression/type'])
    expect(errorsInSteps(step('${{ ["a", "b"].join(", ") }}, ${{ 7 }}'))).toEqual([])
  })

  it('finds an unknown key, an unknown action, a reference to a later step and a duplicate id in one go', () => {
    const steps = `  - id: kek
    uses: azure-vault/create-keks
    with: { vault: v, key-name: k }
    tilte: A key
  - id: kek
    assert:
      - { that: 'steps.later.outputs.kid == "x"', message: m }
  - id: later
    uses: azure-vault/import-key
    with: { vault: v, key-name: k, blob: { name: b, sha256: s, size: 1 } }
`
    expect(inSteps(steps)).toEqual([
      '2:11 runbook/unknown-action',
      '4:5 runbook/unknown-key',
      '5:9 runbook/duplicate-id',
      '7:24 runbook/use-before',
    ])
    const windows = check(`\ufeff${(HEAD + steps).replaceAll('\n', '\r\n')}`)
    expect(windows).toEqual(check(HEAD + steps))
  })

  it('says what it found, shows it, and proposes a spelling', () => {
    const [finding] = check(`${HEAD}  - id: kek\n    uses: azure-vault/create-keks\n    with: {}\n`)
    expect(formatFinding(finding!)).toBe(
      [
        'runbook.yaml:23:11: error: Unknown action `azure-vault/create-keks` [runbook/unknown-action]',
        ' 23 |     uses: azure-vault/create-keks',
        '    |           ^',
        '  Did you mean `azure-vault/create-kek`?',
      ].join('\n'),
    )
  })

  it('wants every plugin to be there in a version of the range', () => {
    const source = HEAD.replace('hsm-ncipher: ^1', 'hsm-ncipher: ^2').replace('azure-sql: ^1', 'azure-sequel: ^1')
    expect(places(check(`${source}  - id: a\n    wait: 1s\n`))).toEqual(['10:16 runbook/plugin-version', '13:3 runbook/unknown-plugin'])
  })

  it('checks what is written out in `with` completely', () => {
    const steps = `  - id: key
    ${SIGNED}
    uses: hsm-ncipher/generate-key
    with: { key-nam: 3, bits: 1024 }
  - id: key-2
    ${SIGNED}
    uses: hsm-ncipher/generate-key
`
    expect(inSteps(steps)).toEqual([
      '4:11 input/missing-key',
      '4:13 input/unknown-key',
      '4:31 input/value',
      '5:5 input/missing-key',
      '5:5 input/missing-key',
    ])
  })

  it('checks the rest of `with` by the types of its expressions', () => {
    const steps = `${KEK}  - id: upload
    uses: azure-vault/import-key
    with:
      vault: \${{ parameters.count }}
      key-name: key-\${{ parameters.count }}
      blob: { name: '\${{ steps.kek.outputs.public_key.kid }}', sha256: 1, siz: 2 }
`
    expect(inSteps(steps)).toEqual(['7:14 input/type', '9:13 input/missing-key', '9:72 input/type', '9:75 input/unknown-key'])
  })

  it('follows the baton from station to station', () => {
    const source = HEAD.replace('  room: { network: none }', '  room: { network: none }\n  desk: { network: azure }')
    const steps = `  - id: a
    station: room
    wait: 1s
  - id: b
    station: desk
    wait: 1s
  - id: c
    transfer: { to: room }
  - id: d
    wait: 1s
  - id: e
    transfer: { to: room }
`
    const found = check(source + steps).map(({ position, code }) => `${position.line - HEAD_LINES - 1}:${position.column} ${code}`)
    expect(found).toEqual(['5:14 runbook/no-transfer', '12:21 runbook/no-transfer'])
  })
})

describe('an expression', () => {
  const wrong: readonly (readonly [string, string])[] = [
    ['parameters.cuont == 3', '11:26 runbook/unknown-parameter'],
    ['steps.kk.outputs.public_key.bits == 3', '11:21 runbook/unknown-step'],
    ['steps.proof.outputs.x == 3', '11:21 runbook/use-before'],
    ['steps.kek.outputs.public_kee.bits == 3', '11:33 runbook/unknown-output'],
    ['steps.kek.outputs.public_key.bits.x == 3', '11:49 runbook/unknown-output'],
    ['steps.kek.public_key.bits == 3', '11:25 runbook/unknown-name'],
    ['steps.kek["europe"].outputs.public_key.bits == 3', '11:25 runbook/indexed'],
    ['steps["each-kek"].outputs.public_key.bits == 3', '11:33 runbook/not-indexed'],
    ['size(steps) == 3', '11:20 runbook/unknown-step'],
    ['steps[parameters.quorum].outputs.x == 3', '11:15 runbook/unknown-step'],
    ['each.key == "europe"', '11:15 runbook/no-each'],
    ['outputs.x == 3', '11:15 runbook/no-outputs'],
    ['secrets.pin == "1234"', '11:15 runbook/unknown-name'],
    ['parameters.count ==', '11:34 expression/syntax'],
    ['parameters.count == "3"', '11:15 expression/type'],
    ['\'"x" in parameters.count\'', '11:16 expression/type'],
    ['parameters.count', '11:15 expression/type'],
    ['steps.kek.outputs.public_key.bits + 1 == "a"', '11:15 expression/type'],
    ['steps["each-kek"].all(k, steps["each-kek"][k].outputs.public_key.bits == "a")', '11:40 expression/type'],
    ['\'parameters.geographies["europe"].regoin == "x"\'', '11:49 runbook/unknown-parameter'],
    ['nonsense(parameters.count)', '11:15 expression/type'],
    ['has(steps.kek.outputs.public_kee)', '11:37 runbook/unknown-output'],
  ]
  for (const [that, place] of wrong) {
    it(`\`${that}\` is wrong at the very place`, () => {
      expect(counted(asserting(that))).toEqual([place])
    })
  }

  const right = [
    'parameters.count + 1 == 4',
    'parameters.count > 1.5',
    'steps.kek.outputs.public_key.bits == 3072 && parameters.quorum.contains("/")',
    'steps["each-kek"]["europe"].outputs.public_key.bits == 3072',
    'steps["each-kek"].europe.outputs.public_key.kid != ""',
    'steps["each-kek"].all(k, steps["each-kek"][k].outputs.public_key.bits == 3072)',
    'parameters.geographies.exists(g, parameters.geographies[g].region == "eastus")',
    'has(parameters.geographies.europe) && size(parameters.geographies) == 2',
    '(steps.kek).outputs.public_key.kid == "x"',
    'cel.bind(kid, steps.kek.outputs.public_key.kid, kid == "x")',
  ]
  for (const that of right) {
    it(`\`${that}\` is right`, () => {
      expect(asserting(that)).toEqual([])
    })
  }

  it('is pointed at inside text, in block scalars, and behind other expressions', () => {
    const steps = `${EACH}  - id: text
    instruct: |
      The \${{ parameters.count }} cards
      of \${{ parameters.cuont }}.
    record:
      bag: { type: string, for-each: parameters.quorum }
`
    expect(inSteps(steps)).toEqual(['8:25 runbook/unknown-parameter', '10:38 expression/type'])
  })

  it('may use `each` inside for-each with the type of the items, and not in for-each itself', () => {
    const steps = `  - id: a
    for-each: \${{ parameters.geographies }}
    when: each.value.regoin == "x" || each.key == 3
    wait: 1s
  - id: b
    for-each: each.key
    wait: 1s
  - id: c
    for-each: parameters.count
    wait: 1s
`
    expect(inSteps(steps)).toEqual(['3:22 runbook/unknown-name', '6:15 runbook/no-each', '9:15 expression/type'])
  })

  it('sees the outputs of the attempt in `until`, and only there', () => {
    const steps = `  - id: gone
    uses: azure-storage/probe
    with: { account: a }
    until: { that: 'outputs.redable == false', every: 1s, within: 1m }
  - id: gone-2
    uses: azure-storage/probe
    with: { account: a }
    until: { that: 'steps["gone-2"].outputs.readable', every: 1s, within: 1m }
`
    expect(inSteps(steps)).toEqual(['4:29 runbook/unknown-output', '8:27 runbook/use-before'])
  })

  it('that is not closed is pointed at', () => {
    expect(inSteps('  - id: a\n    instruct: "Take ${{ parameters.count and go"\n')).toEqual(['2:21 expression/syntax'])
  })
})

describe('a warning', () => {
  it('is given for quora that are weak or brittle, with the reason', () => {
    const world = (id: string, quorum: string) =>
      `  - id: ${id}\n    ${SIGNED}\n    uses: hsm-ncipher/create-world\n    with: { acs-quorum: ${quorum} }\n`
    const steps = world('a', '1/1') + world('b', '3/3') + world('c', '1/3') + world('d', '2/3') + world('e', `'\${{ parameters.quorum }}'`)
    expect(inSteps(steps)).toEqual(['4:25 unwise/quorum-1-of-1', '8:25 unwise/quorum-all', '12:25 unwise/acs-quorum-1'])
    const weak = HEAD.replace('default: 2/3', 'default: 2/2')
    const [finding] = check(weak + world('e', `'\${{ parameters.quorum }}'`))
    expect(finding).toMatchObject({ severity: 'warning', code: 'unwise/quorum-all' })
    expect(finding!.advice).toMatch(/locks everybody out/)
  })

  it('is given for key material made at a station with a network', () => {
    const source = HEAD.replace('network: none', 'network: azure')
    const steps = `  - id: a\n    ${SIGNED}\n    uses: hsm-ncipher/generate-key\n    with: { key-name: k, bits: 3072 }\n`
    expect(counted(check(source + steps))).toEqual(['3:11 unwise/keygen-online'])
  })

  it('is given for what cannot be taken back and nobody signs before', () => {
    const steps =
      '  - id: a\n    uses: azure-vault/delete-key\n    with: { vault: v, key-name: k }\n    sign-off: { after: { witness: 1 } }\n'
    expect(inSteps(steps)).toEqual(['2:11 unwise/unsigned'])
  })

  it('is given for a vault without purge protection', () => {
    const steps = '  - id: a\n    uses: azure-vault/create-vault\n    with: { vault: v, region: r, purge-protection: false }\n'
    expect(inSteps(steps)).toEqual(['3:52 unwise/no-purge-protection'])
  })

  it('is given for one key that serves several services, and not for a key for each', () => {
    const chain = (name: string) => `  - id: ${name}-key
    ${SIGNED}
    uses: hsm-ncipher/generate-key
    with: { key-name: k, bits: 3072 }
  - id: ${name}-wrap
    uses: hsm-ncipher/wrap-for-azure
    with: { key: '\${{ steps["${name}-key"].outputs.key }}', kek: '\${{ steps.kek.outputs.public_key }}' }
  - id: ${name}-upload
    uses: azure-vault/import-key
    with: { vault: v, key-name: k, blob: '\${{ steps["${name}-wrap"].outputs.blob }}' }
`
    const bind = (id: string, service: string, of: string, key: string) =>
      `  - id: ${id}\n    uses: ${service}/bind\n    with: { ${of}: x, kid: '\${{ steps["${key}-upload"].outputs.kid }}' }\n`
    const start = KEK + chain('a') + chain('b')
    expect(inSteps(start + bind('s', 'azure-storage', 'account', 'a') + bind('q', 'azure-sql', 'server', 'b'))).toEqual([])
    const shared = inSteps(start + bind('s', 'azure-storage', 'account', 'a') + bind('q', 'azure-sql', 'server', 'a'))
    expect(shared).toEqual(['28:11 unwise/shared-key'])
  })

  it('is no error', () => {
    expect(errorsInSteps('  - id: a\n    uses: azure-vault/delete-key\n    with: { vault: v, key-name: k }\n')).toEqual([])
  })
})
