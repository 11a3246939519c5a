/** Small transcripts with real keys, written entry by entry as a test wants them: right, or wrong in one place. */
import { createHash, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { canonicalize } from '../../engine/src/transcript/canonical.ts'
import { type Envelope, preAuthenticationEncoding, type Signer, signerOf } from '../../engine/src/transcript/dsse.ts'
import {
  type Body,
  type Mode,
  type Opened,
  type Outcome,
  PAYLOAD_TYPE,
  PREDICATE_TYPE,
  STATEMENT_TYPE,
  type Statement,
  type Subject,
} from '../../engine/src/transcript/entry.ts'
import { digestOfFiles, type PackagedPlugin, packPlugin } from '../../engine/src/transcript/plugin-package.ts'
import { type Head, TRANSCRIPT, TranscriptStore } from '../../engine/src/transcript/store.ts'
import { type Verification, verifyTranscript } from '../../engine/src/transcript/verify.ts'

export const CEREMONY = '01HZZZZZZZZZZZZZZZZZZZZZZZ'

const ed25519 = (): Signer => signerOf(generateKeyPairSync('ed25519').privateKey)
const ecdsa = (namedCurve: string): Signer => signerOf(generateKeyPairSync('ec', { namedCurve }).privateKey)

/** Officers and stations, and a stranger whom no opening entry names. */
export const KEYS = {
  room: ed25519(),
  desk: ed25519(),
  'officer-1': ed25519(),
  'officer-2': ecdsa('prime256v1'),
  'officer-3': ed25519(),
  'witness-1': ecdsa('secp384r1'),
  stranger: ed25519(),
}
export type Name = keyof typeof KEYS
const ROLES = {
  'officer-1': ['crypto-officer'],
  'officer-2': ['crypto-officer'],
  'officer-3': ['crypto-officer', 'internal-witness'],
  'witness-1': ['internal-witness'],
}
export const EVERYONE = Object.keys(ROLES) as (keyof typeof ROLES)[]

export const RUNBOOK = `runbook: sample
version: 1
title: A sample
parameters:
  numbers: { type: array, items: { type: string }, default: [one, two] }
stations:
  room: { network: none }
  desk: { network: azure }
roles:
  crypto-officer: { at-least: 2 }
  internal-witness: { at-least: 1 }
plugins:
  nothing: ^1
steps:
  - id: make
    title: Make it
    station: room
    uses: nothing/do
    with: { number: 7 }
    sign-off: { before: { crypto-officer: 2 }, after: { internal-witness: 1 } }
  - id: seven
    title: It is seven
    assert:
      - that: steps.make.outputs.number == 7
        message: It must be seven
  - id: over
    title: Go to the desk
    transfer: { to: desk }
  - id: each
    title: One for each
    station: desk
    for-each: \${{ parameters.numbers }}
    uses: nothing/do
    with: { number: '\${{ steps.make.outputs.number + 1 }}' }
  - id: never
    title: Never done
    when: steps.make.outputs.number == 8
    uses: nothing/do
    with: {}
  - id: watch
    title: Watch until it is three
    uses: nothing/do
    with: {}
    until: { that: outputs.number == 3, every: 5s, within: 1m }
  - id: write-down
    title: Write something down
    instruct: Write down the colour
    record:
      colour: { type: string }
    sign-off: { before: { crypto-officer: 1 }, after: { crypto-officer: 1, internal-witness: 1 } }
    not-same-as: make
`

/** The same, of one step and without parameters: for tests that try every byte. */
export const SHORT_RUNBOOK = RUNBOOK.slice(0, RUNBOOK.indexOf('  - id: seven'))
  .replace('  desk: { network: azure }\n', '')
  .replace(/parameters:\n.*\n/, '')

export const EXCHANGES = Buffer.from('{"ask":0}\n{"answer":0}\n')
const OTHER_EXCHANGES = Buffer.from('{"ask":1}\n{"answer":1}\n')
export const MADE = Buffer.from('what was made')
const closed = { type: 'object', additionalProperties: false }
const artifact = {
  ...closed,
  properties: { name: { type: 'string' }, sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' }, size: { type: 'integer' } },
  required: ['name', 'sha256', 'size'],
}
/** The plugin that the runbook uses, as a ceremony keeps it. */
export const NOTHING: PackagedPlugin = {
  name: 'nothing',
  version: '1.0.0',
  actions: {
    do: {
      title: 'Do nothing',
      input: { ...closed, properties: { number: { type: 'integer' } } },
      output: { ...closed, properties: { number: { type: 'integer' }, made: artifact }, required: ['number'] },
      readsOnly: false,
      reconciles: true,
    },
  },
  files: new Map([['src/index.ts', Buffer.from('export default {}')]]),
}
export const PACKAGE = packPlugin(NOTHING)
export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

const RECORDED = { sha256: sha256(OTHER_EXCHANGES), count: 2 }

/** One entry to be: what it says, who writes it, which officers sign. A test changes what it wants to. */
export interface Planned {
  body: Body
  station: Name
  by: Name[]
  subjects?: Subject[]
  mode?: Mode
  time?: string
  ceremony?: string
}

export function opened(runbook = RUNBOOK, stations: Name[] = ['room', 'desk']): Opened {
  const identity = (name: Name): { keyid: string; public_key: string } => ({ keyid: KEYS[name].keyid, public_key: KEYS[name].publicKey })
  return {
    kind: 'opened',
    runbook: { name: 'sample', version: 1, title: 'A sample', sha256: sha256(runbook) },
    parameters: runbook === RUNBOOK ? { numbers: ['one', 'two'] } : {},
    stations: Object.fromEntries(stations.map((name) => [name, identity(name)])),
    officers: EVERYONE.map((name) => ({ name, roles: ROLES[name], ...identity(name) })),
    plugins: { nothing: { version: NOTHING.version, sha256: digestOfFiles(NOTHING.files), package: sha256(PACKAGE) } },
    engine: { version: '0.1.0', sha256: sha256('engine'), node: 'v26.0.0', dependencies: sha256('dependencies') },
    clock_scale: 1,
    unattended: true,
    cloud: null,
  }
}

const openedSubjects = (runbook: string): Subject[] => [
  { name: 'runbook.yaml', digest: { sha256: sha256(runbook) } },
  { name: 'plugin-nothing.json', digest: { sha256: sha256(PACKAGE) } },
]

export const arrived = (station: Name): Planned => ({
  body: { kind: 'arrived', evidence: { network: [], default_route: false }, waiver: null },
  station,
  by: [],
})

export const intent = (
  step: string,
  about: { action: string; inputs: unknown; instance?: string; station?: Name; by?: Name[] },
): Planned => ({
  body: { kind: 'intent', step, instance: about.instance ?? null, action: about.action, inputs: about.inputs, says: step, attempt: 1 },
  station: about.station ?? 'room',
  by: about.by ?? [],
})

export const outcome = (
  step: string,
  about: { intent: number; outputs: unknown; exchanges?: Outcome['exchanges']; instance?: string; station?: Name; by?: Name[] },
): Planned => ({
  body: {
    kind: 'outcome',
    step,
    instance: about.instance ?? null,
    intent: about.intent,
    result: 'done',
    outputs: about.outputs,
    error: null,
    exchanges: about.exchanges ?? null,
    attempts: null,
    reconciled: false,
  },
  station: about.station ?? 'room',
  by: about.by ?? [],
})

/** The entries of a short ceremony: one step. */
export function shortPlan(): Planned[] {
  const outputs = { number: 7, made: { name: 'made.bin', sha256: sha256(MADE), size: MADE.length } }
  const done = outcome('make', { intent: 2, outputs, by: ['witness-1'] })
  Object.assign(done.body, { exchanges: { sha256: sha256(EXCHANGES), count: 2 } })
  return [
    {
      body: opened(SHORT_RUNBOOK, ['room']),
      station: 'room',
      by: [...EVERYONE],
      subjects: openedSubjects(SHORT_RUNBOOK),
    },
    arrived('room'),
    intent('make', { action: 'nothing/do', inputs: { number: 7 }, by: ['officer-1', 'officer-2'] }),
    { ...done, subjects: [{ name: 'made.bin', digest: { sha256: sha256(MADE) } }] },
    { body: { kind: 'closed', entries: 4, result: 'complete', steps_done: 1, deviations: 0 }, station: 'room', by: [...EVERYONE] },
  ]
}

/** The entries of a ceremony with a step of every kind. */
export function plan(): Planned[] {
  const [, , make, made] = shortPlan() as [Planned, Planned, Planned, Planned]
  const checks = [{ that: 'steps.make.outputs.number == 7', holds: true }]
  const attempt = (number: number): object => ({ time: '2026-01-02T03:04:05.000Z', holds: number === 3, outputs: { number } })
  const watched = outcome('watch', { intent: 16, outputs: { number: 3 }, station: 'desk' })
  Object.assign(watched.body, { attempts: [attempt(1), attempt(3)], exchanges: RECORDED })
  const each = (instance: string, sequence: number): Planned[] => [
    intent('each', { action: 'nothing/do', inputs: { number: 8 }, instance, station: 'desk' }),
    outcome('each', { intent: sequence, outputs: { number: 8 }, exchanges: RECORDED, instance, station: 'desk' }),
  ]
  return [
    { body: opened(), station: 'room', by: [...EVERYONE], subjects: openedSubjects(RUNBOOK) },
    arrived('room'),
    make,
    made,
    intent('seven', { action: 'assert', inputs: null }),
    outcome('seven', { intent: 4, outputs: { checks } }),
    intent('over', { action: 'transfer', inputs: { to: 'desk' } }),
    { body: { kind: 'handed-over', to: 'desk' }, station: 'room', by: [] },
    { body: { kind: 'received', from: 'room' }, station: 'desk', by: [] },
    arrived('desk'),
    outcome('over', { intent: 6, outputs: null, station: 'desk' }),
    ...each('one', 11),
    ...each('two', 13),
    { body: { kind: 'skipped', step: 'never', instance: null, when: 'steps.make.outputs.number == 8' }, station: 'desk', by: [] },
    intent('watch', { action: 'nothing/do', inputs: {}, station: 'desk' }),
    watched,
    { body: { kind: 'deviation', officer: 'witness-1', note: 'the light went out for a minute' }, station: 'desk', by: ['witness-1'] },
    intent('write-down', { action: 'instruct', inputs: { text: 'Write down the colour' }, station: 'desk', by: ['officer-3'] }),
    outcome('write-down', { intent: 19, outputs: { colour: 'green' }, station: 'desk', by: ['officer-1', 'officer-3'] }),
    { body: { kind: 'closed', entries: 21, result: 'complete', steps_done: 7, deviations: 1 }, station: 'desk', by: [...EVERYONE] },
  ]
}

/** The entries of the short ceremony with everything that can go wrong: a waiver, an interruption, a failure, a step found done. */
export function troubledPlan(): Planned[] {
  const [open, arrive, make, done, close] = shortPlan() as [Planned, Planned, Planned, Planned, Planned]
  const change = (entry: Planned, about: object): Planned => ({ ...entry, body: { ...entry.body, ...about } })
  const resolution = (intent: number, how: 'reconciled' | 'officers', verdict: 'done' | 'not-done', by: Name[]): Planned => ({
    body: {
      kind: 'resolution',
      step: 'make',
      instance: null,
      intent,
      how,
      verdict,
      facts: 'looked',
      exchanges: { sha256: sha256(EXCHANGES), count: 2 },
    },
    station: 'room',
    by,
  })
  const error = { code: 'a/b', message: 'it failed', found: 'this', expected: 'that', changed: 'unknown', advice: 'look' }
  const failed: Planned = { ...change(done, { intent: 2, result: 'failed', outputs: null, error }), by: [], subjects: undefined }
  return [
    open,
    { ...change(arrive, { evidence: { network: [], default_route: true }, waiver: { reason: 'a rehearsal' } }), by: [...EVERYONE] },
    make,
    resolution(2, 'reconciled', 'not-done', []),
    failed,
    change(make, { attempt: 2 }),
    resolution(5, 'officers', 'done', ['officer-1', 'officer-2']),
    { ...change(done, { intent: 5, exchanges: null, reconciled: true }), subjects: undefined },
    change(close, { entries: 8 }),
  ]
}

/** The entries of a ceremony that ended before its first step. */
export function abortedPlan(): Planned[] {
  const [open, arrive] = shortPlan() as [Planned, Planned]
  return [
    open,
    arrive,
    { body: { kind: 'closed', entries: 2, result: 'aborted', steps_done: 0, deviations: 0 }, station: 'room', by: [...EVERYONE] },
  ]
}

/** Makes the statement of a planned entry that follows on the head. */
export function statementOf(entry: Planned, head: Head | undefined): Statement {
  const sequence = head ? head.sequence + 1 : 0
  return {
    _type: STATEMENT_TYPE,
    subject: entry.subjects ?? [{ name: 'ceremony', digest: { sha256: sha256(entry.ceremony ?? CEREMONY) } }],
    predicateType: PREDICATE_TYPE,
    predicate: {
      ceremony: entry.ceremony ?? CEREMONY,
      sequence,
      previous: head ? { sha256: head.digest } : null,
      station: entry.station,
      time: entry.time ?? new Date(Date.UTC(2026, 0, 2, 3, 4, sequence)).toISOString(),
      mode: entry.mode ?? 'rehearsal',
      ...entry.body,
    },
  }
}

/** Signs any statement with any of the keys. */
export function seal(statement: unknown, signers: readonly Name[]): Promise<Envelope> {
  return sealBytes(Buffer.from(canonicalize(statement)), signers)
}

/** Signs bytes, whether they are a statement or not. */
export async function sealBytes(payload: Buffer, signers: readonly Name[]): Promise<Envelope> {
  const message = preAuthenticationEncoding(PAYLOAD_TYPE, payload)
  const signatures = await Promise.all(
    signers.map(async (name) => ({ keyid: KEYS[name].keyid, sig: Buffer.from(await KEYS[name].sign(message)).toString('base64') })),
  )
  return { payload: payload.toString('base64'), payloadType: PAYLOAD_TYPE, signatures }
}

const folders: string[] = []
afterAll(() => {
  for (const dir of folders) rmSync(dir, { recursive: true, force: true })
})

/** @returns a new folder, removed after the tests of the file */
export function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'ceremony-transcript-'))
  folders.push(dir)
  return dir
}

/** Writes a transcript of these entries with its artifacts. @returns its folder */
export async function write(entries: readonly Planned[], runbook = RUNBOOK): Promise<string> {
  const dir = folder()
  const store = await TranscriptStore.open(dir)
  const artifacts = [Buffer.from(runbook), PACKAGE, EXCHANGES, MADE, ...(runbook === RUNBOOK ? [OTHER_EXCHANGES] : [])]
  for (const artifact of artifacts) store.putArtifact(artifact)
  for (const entry of entries) store.append(await seal(statementOf(entry, store.head), [entry.station, ...entry.by]))
  store.close()
  return dir
}

export const writeShort = (): Promise<string> => write(shortPlan(), SHORT_RUNBOOK)

export const transcriptOf = (dir: string): string => join(dir, TRANSCRIPT)
export const linesOf = (dir: string): string[] => readFileSync(transcriptOf(dir), 'utf8').split('\n').slice(0, -1)
export const rewrite = (dir: string, lines: readonly string[]): void => writeFileSync(transcriptOf(dir), `${lines.join('\n')}\n`)

/** @returns the rules that a transcript breaks, with their lines: `chain/previous 3` */
export function rulesOf({ findings }: Verification): string[] {
  return findings.map(({ rule, line }) => `${rule} ${line}`)
}

/** Writes the ceremony with one change and verifies it. @returns the rules broken, with their lines */
export async function broken(change: (entries: Planned[]) => void): Promise<string[]> {
  const entries = plan()
  change(entries)
  return rulesOf(await verifyTranscript(await write(entries)))
}
