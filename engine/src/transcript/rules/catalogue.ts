/** Every rule that a transcript is held against: its code, what it holds, and what it needs to be checked at all. */

/**
 * What a rule is checked with: the lines of the transcript alone; the artifacts beside it; the runbook and the plugins'
 * packages, which are artifacts too; or what the auditor brought.
 */
type Needs = 'lines' | 'artifacts' | 'runbook' | 'packages' | 'auditor'

interface Rule {
  readonly holds: string
  readonly needs: Needs
}

const rule = (needs: Needs, holds: string): Rule => ({ holds, needs })

/** In the order in which an entry meets them. */
export const RULES = {
  'transcript/empty': rule('lines', 'there is at least one entry'),
  'transcript/torn': rule('lines', 'the last line ends with a newline'),
  'transcript/limits': rule('lines', 'what is judged, expressions and patterns included, comes to an end in bounded time and memory'),
  'envelope/size': rule('lines', 'no line is longer than 17 MiB'),
  'envelope/canonical': rule('lines', 'a line is a DSSE envelope, and envelope and statement are canonical JSON (RFC 8785)'),
  'statement/shape': rule('lines', 'a statement has exactly the members that its kind of entry has, each of its type'),
  'statement/subject': rule('lines', 'the subjects are what the entry brings: the runbook and packages, artifacts, or the ceremony itself'),
  'chain/previous': rule('lines', 'an entry names the digest of the line before'),
  'chain/sequence': rule('lines', 'entries are numbered from 0 without a gap'),
  'chain/ceremony': rule('lines', 'all entries are of one ceremony'),
  'chain/mode': rule('lines', 'a rehearsal stays a rehearsal, and production stays production'),
  'chain/time': rule('lines', 'times are dates of the calendar and never go back'),
  'chain/opened': rule('lines', '`opened` is the first entry, and stands nowhere else'),
  'chain/closed': rule('lines', 'nothing follows on `closed`'),
  'signature/unknown-key': rule('lines', 'every signature is by a key that `opened` names'),
  'signature/valid': rule('lines', 'every signature is good'),
  'signature/twice': rule('lines', 'no key signs an entry twice'),
  'signature/station': rule('lines', 'the first signature is that of the station that writes'),
  'signature/officer': rule('lines', 'the further signatures are those of officers'),
  'signature/order': rule('lines', 'officers sign in the order in which `opened` names them'),
  'artifact/missing': rule('artifacts', 'every artifact that an entry names is there'),
  'artifact/digest': rule('artifacts', 'an artifact has the bytes that its digest says'),
  'artifact/size': rule('artifacts', 'an artifact has the size that the outputs say'),
  'artifact/exchanges': rule('artifacts', 'a recording has as many lines as the entry says'),
  'artifact/unnamed': rule('artifacts', 'every artifact is named by an entry (else a warning)'),
  'secret/entry': rule('lines', 'no entry holds what looks like a secret'),
  'secret/artifact': rule('artifacts', 'no artifact holds what looks like a secret'),
  'opened/identity': rule('lines', 'every person and station has a name and a key of its own'),
  'opened/key': rule('lines', 'public keys are Ed25519, ECDSA P-256 or P-384, in PEM and nothing beside it'),
  'opened/keyid': rule('lines', 'a fingerprint is that of its key'),
  'opened/production': rule('lines', 'a production ceremony is done by people, in real time'),
  'opened/runbook': rule('runbook', 'the runbook is the first subject, has no errors, and is named as it names itself'),
  'opened/stations': rule('runbook', 'the stations are those of the runbook, and its first step’s station opens'),
  'opened/plugins': rule('runbook', 'the plugins are those of the runbook, in versions that it takes'),
  'opened/roles': rule('runbook', 'as many people are there in each role as the runbook wants'),
  'opened/parameters': rule('runbook', 'the parameters are complete and fit what the runbook declares'),
  'opened/package': rule('packages', 'the package of a plugin is a subject, and has the name, version and files that are told'),
  'station/baton': rule('lines', 'only the station that holds the baton writes, and only the one it was handed to receives it'),
  'station/arrived': rule('lines', 'a station shows its state once when the ceremony comes to it, before any work'),
  'station/hand-over': rule('lines', 'the baton moves in an open `transfer` step, and to where that says'),
  'station/received': rule('lines', 'the baton is received from the station that had it'),
  'station/network': rule('runbook', 'a station that must have no network shows none, or everyone waives it'),
  'station/transfer': rule('runbook', 'a transfer is done when the baton is where the step says'),
  'quorum/everyone': rule('lines', 'every officer signs the opening, the end of a complete ceremony and a waiver'),
  'quorum/distinct': rule(
    'runbook',
    'so many different people of each role sign as `sign-off` wants; an abortion and, without `sign-off`, a word on a step in doubt as many as must be there',
  ),
  'signer/role': rule('runbook', 'those who sign a quorum have its roles'),
  'signer/not-same-as': rule('runbook', 'those whom `not-same-as` keeps apart are different people'),
  'signer/officer': rule('lines', 'a deviation is signed by the officer who notes it'),
  'step/order': rule('runbook', 'steps and their instances come in the runbook’s order, none left out'),
  'step/station': rule('runbook', 'a step takes place at its station'),
  'step/when': rule('runbook', 'a step is skipped where its `when` does not hold, and nowhere else'),
  'step/intent': rule('lines', 'there is one intent at a time'),
  'step/attempt': rule('runbook', 'attempts at a step are counted from 1'),
  'step/action': rule('runbook', 'the action is the one that the runbook names'),
  'step/inputs': rule('runbook', 'the inputs are what the runbook’s expressions give over earlier outputs'),
  'step/expression': rule('runbook', 'the runbook’s expressions can be evaluated over what the entries say'),
  'step/outcome': rule('lines', 'an outcome and a resolution belong to the open intent'),
  'step/outputs': rule('runbook', 'a step without a plugin gives what the runbook says'),
  'step/assert': rule('runbook', 'every assertion holds'),
  'step/until': rule('runbook', 'attempts are judged rightly, in the order of their times, until one holds, whose outputs are the step’s'),
  'step/record': rule('runbook', 'a record is what the runbook wants to be written down'),
  'step/exchanges': rule('runbook', 'what a plugin did is recorded, and other steps have no recording'),
  'plugin/action': rule('packages', 'the action is in the plugin’s package, with schemas that can be used'),
  'plugin/input': rule('packages', 'the inputs fit the action’s schema'),
  'plugin/output': rule('packages', 'the outputs, those of every attempt too, fit the action’s schema'),
  'outcome/result': rule('lines', 'a failure has an error and nothing else, a success has none'),
  'outcome/reconciled': rule('lines', 'what was found done after an interruption is said by a resolution, and the other way round'),
  'resolution/step': rule('runbook', 'only a step of a plugin is in doubt'),
  'resolution/verdict': rule('packages', 'an action is found done only if it can tell; one that only reads is not'),
  'resolution/missing': rule('runbook', 'a step whose last failure could not tell what it changed is settled before it is done'),
  'closed/open': rule('lines', 'at the end no step is in doubt'),
  'closed/counts': rule('lines', 'the end counts entries, steps and deviations rightly'),
  'closed/complete': rule('runbook', 'it says complete when every step was done or skipped, and aborted when not'),
  'head/digest': rule('auditor', 'the last line has the digest that the auditor has'),
  'trust/unknown': rule('auditor', 'every key that must be trusted is in the trust file'),
  'trust/name': rule('auditor', 'a trusted key is used under the name that the trust file gives it'),
  'trust/role': rule('auditor', 'a trusted officer has no other roles than the trust file gives'),
  'trust/at-least': rule('auditor', 'so many of the trusted officers signed the opening, and the closing, as the trust file wants'),
} as const satisfies Readonly<Record<string, Rule>>

export type RuleCode = keyof typeof RULES

/** @returns codes of the rules that need one of these, in the order of the catalogue */
export function rulesThatNeed(...needs: readonly Needs[]): RuleCode[] {
  return (Object.keys(RULES) as RuleCode[]).filter((code) => needs.includes(RULES[code].needs))
}
