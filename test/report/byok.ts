/**
 * The transcript of a whole bring-your-own-key ceremony, made in a moment: the real runbook, its real expressions and real
 * signatures, and made-up answers of HSM and cloud. With a step that failed and was repeated, one that was interrupted,
 * and a deviation.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { writeReport } from '../../engine/src/report/report.ts'
import { holds, resolve } from '../../engine/src/runbook/expression.ts'
import { instances } from '../../engine/src/runbook/instances.ts'
import type { Quorum, Runbook, Scope, Step } from '../../engine/src/runbook/model.ts'
import { bindParameters } from '../../engine/src/runbook/parameters.ts'
import { parseRunbook } from '../../engine/src/runbook/parse.ts'
import { canonicalize } from '../../engine/src/transcript/canonical.ts'
import { preAuthenticationEncoding, type Signer, signerOf } from '../../engine/src/transcript/dsse.ts'
import { type Body, PAYLOAD_TYPE, PREDICATE_TYPE, STATEMENT_TYPE, type Subject } from '../../engine/src/transcript/entry.ts'
import { digestOfFiles, packPlugin } from '../../engine/src/transcript/plugin-package.ts'
import { TranscriptStore } from '../../engine/src/transcript/store.ts'
import { ANSWERS, RECORDS, sha256 } from './answers.ts'

const SOURCE = readFileSync(new URL('../../runbooks/byok-ceremony.yaml', import.meta.url))
const CEREMONY = '01J0000000000000000000BY0K'
const START = Date.UTC(2026, 2, 4, 9, 0, 0)

const ed25519 = (): Signer => signerOf(generateKeyPairSync('ed25519').privateKey)
const SIGNERS: Readonly<Record<string, Signer>> = {
  'hsm-room': ed25519(),
  workstation: ed25519(),
  'Ada Byron': ed25519(),
  'Blaise Pascal': signerOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey),
  'Carl Gauss': ed25519(),
}
const ROLES = { 'Ada Byron': ['crypto-officer'], 'Blaise Pascal': ['crypto-officer'], 'Carl Gauss': ['internal-witness'] }
const OFFICERS = Object.keys(ROLES) as (keyof typeof ROLES)[]

/** What may stand in a transcript that somebody made to harm its readers. */
export interface Hostile {
  readonly title?: string
  readonly officer?: string
  readonly note?: string
  readonly error?: string
  readonly body?: string
  readonly says?: string
}

const folders: string[] = []
afterAll(() => {
  for (const dir of folders) rmSync(dir, { recursive: true, force: true })
})

/** Writes the ceremony. @param until stop before this step, without closing @returns its folder */
export async function writeByok(options: { hostile?: Hostile; until?: string } = {}): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'ceremony-report-'))
  folders.push(dir)
  const writer = new Writer(await TranscriptStore.open(dir), options.hostile ?? {})
  await writer.run(options.until)
  return dir
}

/** Writes the ceremony and its report. @returns the folder, and the report's file in it */
export async function reportByok(options: Parameters<typeof writeByok>[0] = {}): Promise<{ dir: string; file: string }> {
  const dir = await writeByok(options)
  const file = join(dir, 'report.html')
  writeReport(dir, file)
  return { dir, file }
}

class Writer {
  readonly #store: TranscriptStore
  readonly #hostile: Hostile
  readonly #runbook: Runbook
  readonly #steps: Record<string, unknown> = {}
  #parameters: Record<string, unknown> = {}
  #station = 'hsm-room'
  #time = START
  #done = 0
  #deviations = 0

  constructor(store: TranscriptStore, hostile: Hostile) {
    this.#store = store
    this.#hostile = hostile
    this.#runbook = parseRunbook(SOURCE, 'runbook.yaml').runbook!
  }

  get #scope(): Scope {
    return { parameters: this.#parameters, steps: this.#steps }
  }

  async run(until: string | undefined): Promise<void> {
    await this.#open()
    await this.#arrive()
    for (const step of this.#runbook.steps) {
      if (step.id === until) break
      if (step.forEach) this.#steps[step.id] ??= {}
      for (const { key, value } of instances(step, this.#scope))
        await this.#step(step, key, step.forEach ? { ...this.#scope, each: { key: key!, value } } : this.#scope)
      if (step.id === 'generate-sql-key') await this.#deviate()
    }
    if (until === undefined) {
      const entries = this.#store.head!.sequence + 1
      await this.#write({ kind: 'closed', entries, result: 'complete', steps_done: this.#done, deviations: this.#deviations }, OFFICERS)
    }
    this.#store.close()
  }

  async #open(): Promise<void> {
    const given = {
      'card-set': 'contoso',
      'resource-group': 'keys',
      administrator: '893c7398-726d-41ea-8aac-c6fef063c2ee',
      geographies: {
        europe: { vault: 'contoso-keys-eu', location: 'westeurope' },
        america: { vault: 'contoso-keys-us', location: 'eastus' },
      },
      'storage-account': 'contosodata',
      'sql-server': 'contoso-sql',
      'sql-database': 'orders',
    }
    this.#parameters = JSON.parse(canonicalize(bindParameters(this.#runbook, given).parameters)) as Record<string, unknown>
    const { name, version, title, sha256: digest } = this.#runbook
    const identity = (who: string): { keyid: string; public_key: string } => ({
      keyid: SIGNERS[who]!.keyid,
      public_key: SIGNERS[who]!.publicKey,
    })
    const plugins = Object.keys(this.#runbook.plugins).map((plugin) => this.#plugin(plugin))
    this.#store.putArtifact(SOURCE)
    await this.#write(
      {
        kind: 'opened',
        runbook: { name, version, title: this.#hostile.title ?? title, sha256: digest },
        parameters: this.#parameters,
        stations: { 'hsm-room': identity('hsm-room'), workstation: identity('workstation') },
        officers: OFFICERS.map((officer, index) => ({
          name: (index === 0 && this.#hostile.officer) || officer,
          roles: ROLES[officer],
          ...identity(officer),
        })),
        plugins: Object.fromEntries(plugins.map(({ plugin, ...about }) => [plugin, about])),
        engine: { version: '0.1.0', sha256: sha256('engine'), node: 'v26.10.0', dependencies: sha256('lock') },
        clock_scale: 120,
        unattended: true,
        cloud: null,
      },
      OFFICERS,
      [
        { name: 'runbook.yaml', digest: { sha256: digest } },
        ...plugins.map((about) => ({ name: `plugin-${about.plugin}.json`, digest: { sha256: about.package } })),
      ],
    )
  }

  #plugin(plugin: string) {
    const actions = this.#runbook.steps.flatMap(({ does }) => (does.kind === 'plugin' && does.plugin === plugin ? [does.action] : []))
    const about = { title: `Act on ${plugin}`, input: { type: 'object' }, output: { type: 'object' }, readsOnly: false, reconciles: true }
    const files = new Map([['src/index.ts', Buffer.from(`export default '${plugin}'`)]])
    const packed = packPlugin({
      name: plugin,
      version: '1.0.0',
      actions: Object.fromEntries(actions.map((action) => [action, about])),
      files,
    })
    return { plugin, version: '1.0.0', sha256: digestOfFiles(files), package: this.#store.putArtifact(packed) }
  }

  async #arrive(): Promise<void> {
    const evidence = { host: this.#station, network: [], default_route: false }
    await this.#write({ kind: 'arrived', evidence, waiver: null })
  }

  async #deviate(): Promise<void> {
    this.#deviations++
    const note = this.#hostile.note ?? 'The light went out for a minute; nobody left the room.'
    await this.#write({ kind: 'deviation', officer: 'Carl Gauss', note }, ['Carl Gauss'])
  }

  async #step(step: Step, key: string | null, scope: Scope): Promise<void> {
    const head = { step: step.id, instance: key }
    const { action, inputs } = declared(step, scope)
    const says =
      this.#hostile.says ??
      (step.does.kind === 'instruct' ? String(resolve(step.does.text, scope)) : `${step.title}: this and nothing else.`)
    if (step.id === 'kek' && key === 'europe') await this.#fail(step, { ...head, action, inputs, says })
    const attempt = step.id === 'kek' && key === 'europe' ? 2 : 1
    await this.#write({ kind: 'intent', ...head, action, inputs, says, attempt }, quorumOf(step.signOff.before))
    const intent = this.#store.head!.sequence
    if (step.does.kind === 'transfer') await this.#transfer(step.does.to)
    const reconciled = step.id === 'grant-sql'
    if (reconciled)
      await this.#write({
        kind: 'resolution',
        ...head,
        intent,
        how: 'reconciled',
        verdict: 'done',
        facts: 'The vault shows the permissions.',
        exchanges: this.#exchanges('reconcile', action, inputs, null),
      })
    const { outputs, attempts } = this.#act(step, scope, inputs)
    this.#time += 20_000
    const blob = (outputs as { blob?: { name: string; sha256: string } } | null)?.blob
    if (blob) this.#store.putArtifact(Buffer.from(`bytes of ${blob.name}`))
    const subjects = blob ? [{ name: blob.name, digest: { sha256: blob.sha256 } }] : []
    const exchanges = step.does.kind === 'plugin' && !reconciled ? this.#exchanges('run', action, inputs, outputs) : null
    await this.#write(
      { kind: 'outcome', ...head, intent, result: 'done', outputs, error: null, exchanges, attempts, reconciled },
      quorumOf(step.signOff.after),
      subjects,
    )
    this.#done++
    if (key === null) this.#steps[step.id] = { outputs }
    else (this.#steps[step.id] as Record<string, unknown>)[key] = { outputs }
  }

  #act(
    step: Step,
    scope: Scope,
    inputs: unknown,
  ): { outputs: unknown; attempts: { time: string; holds: boolean; outputs: unknown }[] | null } {
    const { does, until } = step
    if (does.kind === 'assert')
      return { outputs: { checks: does.checks.map(({ that }) => ({ that: that.source, holds: true })) }, attempts: null }
    if (does.kind === 'instruct') return { outputs: RECORDS[step.id], attempts: null }
    if (does.kind !== 'plugin') return { outputs: null, attempts: null }
    const answer = (attempt: number): unknown => (ANSWERS[does.action] ?? (() => ({})))(inputs as Record<string, unknown>, attempt)
    if (!until) return { outputs: answer(1), attempts: null }
    const attempts: { time: string; holds: boolean; outputs: unknown }[] = []
    for (let attempt = 1; !attempts.at(-1)?.holds; attempt++) {
      const outputs = answer(attempt)
      attempts.push({ time: new Date(this.#time).toISOString(), holds: holds(until.that, { ...scope, outputs }), outputs })
      this.#time += until.every
    }
    return { outputs: attempts.at(-1)!.outputs, attempts }
  }

  async #fail(step: Step, about: { step: string; instance: string | null; action: string; inputs: unknown; says: string }): Promise<void> {
    await this.#write({ kind: 'intent', ...about, attempt: 1 }, quorumOf(step.signOff.before))
    const { step: id, instance } = about
    const error = {
      code: 'azure-vault/no-answer',
      message: this.#hostile.error ?? 'The vault did not answer in time.',
      found: 'nothing',
      expected: 'an answer',
      changed: 'nothing',
      advice: 'Try again.',
    }
    const intent = this.#store.head!.sequence
    await this.#write({
      kind: 'outcome',
      step: id,
      instance,
      intent,
      result: 'failed',
      outputs: null,
      error,
      exchanges: null,
      attempts: null,
      reconciled: false,
    })
  }

  async #transfer(to: string): Promise<void> {
    const from = this.#station
    await this.#write({ kind: 'handed-over', to })
    this.#station = to
    await this.#write({ kind: 'received', from })
    await this.#arrive()
  }

  #exchanges(what: string, action: string, request: unknown, outputs: unknown): { sha256: string; count: number } {
    const time = this.#time
    const cards = action.endsWith('/create-world') ? [1, 2, 3].map((card) => ({ secret: `administrator-card/${card}`, attempt: 1 })) : []
    const hsm = action.startsWith('hsm')
    const ask = hsm
      ? { op: 'run', program: 'nfkminfo', args: [], inputs: request }
      : { method: 'PUT', url: 'https://contoso-keys-eu.vault.azure.test/keys/k?api-version=1', headers: {}, body: null }
    const value = hsm
      ? { exitCode: 0, stdout: this.#hostile.body ?? 'World\n state 0x1\n', stderr: '', answered: cards }
      : { status: 200, body: this.#hostile.body ?? JSON.stringify(outputs), headers: {} }
    const lines = [
      { call: { what, action, seed: 'AAAA' }, time },
      { ask: 1, door: hsm ? 'command' : 'http', request: ask, time },
      { answer: 1, ok: true, value, time: time + 900 },
    ]
    return { sha256: this.#store.putArtifact(Buffer.from(lines.map((line) => `${canonicalize(line)}\n`).join(''))), count: lines.length }
  }

  async #write(body: Body, officers: readonly string[] = [], subjects: readonly Subject[] = []): Promise<void> {
    const { head } = this.#store
    this.#time += 1000
    const statement = {
      _type: STATEMENT_TYPE,
      subject: subjects.length > 0 ? subjects : [{ name: 'ceremony', digest: { sha256: sha256(CEREMONY) } }],
      predicateType: PREDICATE_TYPE,
      predicate: {
        ceremony: CEREMONY,
        sequence: head ? head.sequence + 1 : 0,
        previous: head ? { sha256: head.digest } : null,
        station: this.#station,
        time: new Date(this.#time).toISOString(),
        mode: 'rehearsal',
        ...body,
      },
    }
    const payload = Buffer.from(canonicalize(statement))
    const message = preAuthenticationEncoding(PAYLOAD_TYPE, payload)
    const signatures = await Promise.all(
      [this.#station, ...officers].map(async (who) => ({
        keyid: SIGNERS[who]!.keyid,
        sig: Buffer.from(await SIGNERS[who]!.sign(message)).toString('base64'),
      })),
    )
    this.#store.append({ payload: payload.toString('base64'), payloadType: PAYLOAD_TYPE, signatures })
  }
}

/** The first so many of each role. */
function quorumOf(quorum: Quorum): string[] {
  return Object.entries(quorum).flatMap(([role, count]) => OFFICERS.filter((name) => ROLES[name].includes(role)).slice(0, count))
}

function declared({ does }: Step, scope: Scope): { action: string; inputs: unknown } {
  if (does.kind === 'plugin') return { action: `${does.plugin}/${does.action}`, inputs: resolve(does.with, scope) }
  if (does.kind === 'instruct') return { action: 'instruct', inputs: { text: String(resolve(does.text, scope)) } }
  if (does.kind === 'transfer') return { action: 'transfer', inputs: { to: does.to } }
  return { action: does.kind, inputs: does.kind === 'wait' ? { milliseconds: does.milliseconds } : null }
}
