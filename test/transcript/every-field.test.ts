/**
 * Every field of every kind of entry is changed in every way that `mutations.ts` knows, the entry and all behind it signed
 * anew with everyone's real keys: as if all officers and stations lied together. What the rules can know, they must find,
 * and by the right rule. What they cannot know stands in FREE, and nowhere else.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { lineOf } from '../../engine/src/transcript/dsse.ts'
import type { Statement } from '../../engine/src/transcript/entry.ts'
import { RULES } from '../../engine/src/transcript/rules/catalogue.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { type Mutation, mutations } from './mutations.ts'
import {
  abortedPlan,
  folder,
  linesOf,
  type Planned,
  plan,
  RUNBOOK,
  rewrite,
  SHORT_RUNBOOK,
  seal,
  sha256,
  statementOf,
  transcriptOf,
  troubledPlan,
  write,
} from './sample.ts'

/** Kind of entry and field (`*` for any item) -> the rules that may find a wrong value there, beside `statement/shape`. The first that fits counts. */
const RIGHT: readonly (readonly [RegExp, readonly (keyof typeof RULES)[]])[] = [
  [/^\S+ subject/, ['statement/subject', 'artifact/missing', 'opened/runbook', 'opened/package']],
  [/^\S+ predicate\.ceremony$/, ['chain/ceremony', 'statement/subject']],
  [/^\S+ predicate\.(kind|_type|predicateType)$/, []],
  [/^\S+ predicate\.mode$/, ['chain/mode', 'opened/production']],
  [/^\S+ predicate\.previous/, ['chain/previous', 'chain/opened']],
  [/^\S+ predicate\.sequence$/, ['chain/sequence']],
  [/^\S+ predicate\.station$/, ['signature/station']],
  [/^\S+ predicate\.time$/, ['chain/time', 'step/until']],
  [/^opened predicate\.officers(\.\*)?$/, ['opened/identity', 'signature/unknown-key', 'signature/order']],
  [
    /^opened predicate\.(officers|stations)\.[^.]+\.(keyid|public_key)$/,
    ['opened/keyid', 'opened/key', 'signature/unknown-key', 'signature/station'],
  ],
  [/^opened predicate\.officers\.\*\.name$/, ['signer/officer']],
  [/^opened predicate\.officers\.\*\.roles/, ['signer/role', 'quorum/distinct', 'opened/roles']],
  [/^opened predicate\.stations/, ['opened/stations', 'signature/station', 'signature/unknown-key']],
  [/^opened predicate\.parameters/, ['opened/parameters', 'step/order', 'step/expression', 'closed/complete']],
  [/^opened predicate\.plugins/, ['opened/plugins', 'opened/package', 'statement/subject']],
  [/^opened predicate\.runbook/, ['opened/runbook', 'statement/subject']],
  [/^arrived predicate\.(evidence|waiver)/, ['station/network']],
  [/^intent predicate\.action$/, ['step/action']],
  [/^intent predicate\.attempt$/, ['step/attempt']],
  [/^intent predicate\.inputs/, ['step/inputs', 'plugin/input']],
  [/^(intent|skipped) predicate\.(step|instance)$/, ['step/order']],
  [/^skipped predicate\.when$/, ['step/when']],
  [/^(outcome|resolution) predicate\.(step|instance|intent)$/, ['step/outcome']],
  [/^(outcome|resolution) predicate\.exchanges$/, ['step/exchanges']],
  [/^(outcome|resolution) predicate\.exchanges\.(count|sha256)$/, ['artifact/exchanges', 'artifact/missing']],
  [/^outcome predicate\.(error|result)$/, ['outcome/result', 'statement/subject']],
  [/^outcome predicate\.attempts/, ['step/until', 'plugin/output', 'step/expression']],
  [/^outcome predicate\.reconciled$/, ['outcome/reconciled', 'outcome/result']],
  [/^outcome predicate\.outputs\.(checks.*|colour)$/, ['step/outputs', 'step/record']],
  [
    /^outcome predicate\.outputs/,
    [
      'plugin/output',
      'statement/subject',
      'artifact/missing',
      'artifact/size',
      'step/outputs',
      'step/record',
      'outcome/result',
      'step/until',
      'step/assert',
      'step/inputs',
      'step/when',
    ],
  ],
  [/^handed-over predicate\.to$/, ['station/hand-over']],
  [/^received predicate\.from$/, ['station/received']],
  [/^deviation predicate\.officer$/, ['signer/officer']],
  [/^resolution predicate\.(how|verdict)$/, ['quorum/distinct', 'outcome/reconciled']],
  [/^closed predicate\.(deviations|entries|steps_done)$/, ['closed/counts']],
  [/^closed predicate\.result$/, ['closed/complete']],
]

/** What no rule can know, and why. Only signatures protect it against others; against all together, replay, people or `--trust`. */
const FREE: readonly (readonly [field: RegExp, change: RegExp, why: string])[] = [
  [/^\S+ predicate\.time$/, /a millisecond later|a day earlier/, 'any time in the order of times'],
  [/^opened predicate\.engine\.(version|sha256|node|dependencies)$/, /a character more|another digit/, 'which engine it was, replay tells'],
  [/^opened predicate\.clock_scale$/, /plus one/, 'a rehearsal may run as fast as it likes'],
  [/^opened predicate\.unattended$/, /the contrary/, 'whether people were there, people know'],
  [/^opened predicate\.cloud$/, /a map/, 'where the cloud was, the recorded exchanges tell'],
  [/^opened predicate\.officers\.\*\.name$/, /a character more/, 'a trust file tells who an officer is'],
  [/^opened predicate\.officers\.\*\.roles(\.\*)?$/, /a character more|an item more|swapped|removed/, 'and which roles one has'],
  [/^arrived predicate\.evidence$/, /a name more/, 'a machine may show more of itself'],
  [/^arrived predicate\.evidence\.(default_route|network)$/, /contrary|null|removed|an item more/, 'where a network is allowed, or waived'],
  [/^arrived predicate\.waiver\.reason$/, /a character more/, 'a text of people'],
  [/^intent predicate\.says$/, /a character more/, 'the plugin’s words, which replay makes again'],
  [/^outcome predicate\.outputs\.number$/, /plus one|nought/, 'what a plugin returned and no expression looks at, replay tells'],
  [/^outcome predicate\.outputs\.made$/, /removed/, 'the same, of what was found done'],
  [/^outcome predicate\.outputs\.made\.name$/, /a character more/, 'the same'],
  [/^outcome predicate\.outputs\.colour$/, /a character more/, 'what people wrote down'],
  [/^outcome predicate\.attempts\.\*$/, /removed/, 'how often was tried in vain, replay tells'],
  [/^outcome predicate\.attempts\.\*\.outputs\.number$/, /plus one|nought/, 'and what came of it'],
  [/^outcome predicate\.attempts\.\*\.time$/, /a day earlier|a millisecond later/, 'and when'],
  [/^outcome predicate\.exchanges$/, /null/, 'a failure may come before the plugin is asked'],
  [/^outcome predicate\.error\.(code|message|found|expected|changed|advice)$/, /a character more/, 'the plugin’s words'],
  [/^deviation predicate\.note$/, /a character more/, 'a text of people'],
  [/^resolution predicate\.facts$/, /a character more/, 'the plugin’s words, or the officers’'],
  [/^resolution predicate\.exchanges$/, /null/, 'officers may decide without asking the world'],
  [/^resolution predicate\.how$/, /the other/, 'what the officers decided, the world could have said'],
  [/^resolution predicate\.verdict$/, /the other/, 'before a failure both are possible'],
]

interface Ceremony {
  readonly name: string
  readonly entries: readonly Planned[]
  readonly runbook: string
}
const CEREMONIES: readonly Ceremony[] = [
  { name: 'a step of every kind', entries: plan(), runbook: RUNBOOK },
  { name: 'interrupted, failed and found done', entries: troubledPlan(), runbook: SHORT_RUNBOOK },
  { name: 'given up', entries: abortedPlan(), runbook: SHORT_RUNBOOK },
]

let count = 0
const free = new Set<string>()
afterAll(() => {
  process.stdout.write(`every field: ${count} changes found, but for ${free.size} kinds of change that the table names as free\n`)
})

describe.each(CEREMONIES)('of a ceremony, $name', ({ entries, runbook }) => {
  test.each(entries.map((entry, index) => ({ index, kind: entry.body.kind })))(
    'entry $index, $kind',
    async ({ index }) => {
      const dir = await write(entries, runbook)
      const original = linesOf(dir)
      const entry = entries[index]!
      const statement = JSON.parse(Buffer.from(JSON.parse(original[index]!).payload, 'base64').toString())
      const signed = async (value: unknown): Promise<string> => lineOf(await seal(value, [entry.station, ...entry.by]))
      // Signatures can be checked without artifacts, and so much faster.
      const alone = folder()
      const foundIn = async (lines: readonly string[], where: string) => {
        rewrite(where, lines)
        return (await verifyTranscript(transcriptOf(where))).findings
      }
      for (const mutation of mutations(statement)) {
        count++
        const line = await signed(mutation.value)
        const before = original.slice(0, index)
        const found = await foundIn([...before, line], dir)
        const later = found.length > 0 ? [] : await foundIn([...before, line, ...(await behind(line, index, entries))], dir)
        judge(mutation, entry, [...found, ...later], index)
        // Changed without a key, it is found whatever it says.
        const { signatures } = JSON.parse(original[index]!)
        const { payload, payloadType } = JSON.parse(line)
        const unsigned = await foundIn([...before, lineOf({ payload, payloadType, signatures })], alone)
        expect(unsigned.map((finding) => finding.rule)).toContainEqual(
          expect.stringMatching(/^(signature\/|statement\/shape|envelope\/canonical)/),
        )
      }
    },
    300_000,
  )
})

test('nothing stands in the table of what is free that is not so', () => {
  const unused = FREE.filter(
    ([field, change]) => ![...free].some((each) => field.test(each.split(': ')[0]!) && change.test(each.split(': ')[1]!)),
  )
  expect(unused.map(([field]) => field)).toEqual([])
})

/** The entries behind, as they would follow on the changed line, signed anew. */
async function behind(line: string, index: number, entries: readonly Planned[]): Promise<string[]> {
  const lines: string[] = []
  let head = { sequence: index, digest: sha256(line) }
  for (const entry of entries.slice(index + 1)) {
    const statement: Statement = statementOf(entry, head)
    lines.push(lineOf(await seal(statement, [entry.station, ...entry.by])))
    head = { sequence: head.sequence + 1, digest: sha256(lines.at(-1)!) }
  }
  return lines
}

function judge({ path, what }: Mutation, entry: Planned, found: readonly { line: number; rule: string }[], index: number): void {
  const field = `${entry.body.kind} ${path.map((part) => (typeof part === 'number' ? '*' : part)).join('.')}`
  const described = `${field}: ${what}`
  if (found.length === 0) {
    if (!FREE.some(([free, change]) => free.test(field) && change.test(what))) expect.fail(`undetected: ${described}`)
    free.add(described)
    return
  }
  if (found.some(({ line }) => line > 0 && line <= index)) expect.fail(`found too early: ${described}, ${JSON.stringify(found)}`)
  for (const { rule } of found) expect(Object.keys(RULES)).toContain(rule)
  const right: readonly string[] = ['statement/shape', ...(RIGHT.find(([pattern]) => pattern.test(field))?.[1] ?? [])]
  if (!found.some(({ rule }) => right.includes(rule))) expect.fail(`the wrong rule: ${described}, ${JSON.stringify(found)}`)
}
