/**
 * `ceremony rehearse`: rehearses a runbook on the twins as an earlier rehearsal left them: the same world, cards, vaults and
 * officers, in a folder of its own; the earlier ceremony's folder stays as it is.
 */
import { cpSync, writeFileSync } from 'node:fs'
import { resolve as absolute, basename, join } from 'node:path'
import { execa } from 'execa'
import Type, { type Static, type TSchema } from 'typebox'
import { stringify } from 'yaml'
import { CeremonyError } from '../ceremony/error.ts'
import { prepare } from '../ceremony/folder.ts'
import { readParameters } from '../ceremony/parameters-file.ts'
import { readRunbook } from '../ceremony/runbook-file.ts'
import { readIfThere } from '../ceremony/setup-file.ts'
import { readStanding } from '../ceremony/standing.ts'
import { readYaml } from '../ceremony/yaml-file.ts'
import { resolve } from '../runbook/expression.ts'
import type { Scope } from '../runbook/model.ts'
import { locate, readEntries } from '../transcript/store.ts'
import { verifyTranscript } from '../transcript/verify.ts'
import { freePort, NSHIELD, passphrase, twinEnvironment } from './rehearsal-folder.ts'
import { go } from './run.ts'

const RehearsalSchema = Type.Object(
  {
    'blank-cards': Type.Optional(Type.Integer({ minimum: 0, maximum: 99, description: 'Blank cards to bring' })),
    'new-module': Type.Optional(Type.String({ description: 'Serial number of a new module that stands in the place of the old one' })),
    parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    secrets: Type.Optional(Type.Array(Type.String(), { description: 'Names of new secrets, to be made up' })),
    records: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { additionalProperties: false },
)

type Yaml = Record<string, unknown>
interface Answers {
  readonly secrets: Readonly<Record<string, string | string[]>>
  readonly hands: { readonly run: string[] }
}
interface Setup {
  readonly cloud: Yaml
  readonly hsm: Yaml
  readonly companions: { readonly name: string; readonly run: string[] }[]
}

/** @returns 0 when the ceremony ended and its transcript verifies */
export async function rehearse(runbook: string, options: { after: string; dir: string; with?: string; params?: string }): Promise<number> {
  const { after, dir } = options
  if (!readIfThere(join(dir, 'runbook.yaml'))) await layOut(runbook, options)
  await go(dir)
  const result = await verifyTranscript(dir)
  process.stdout.write(
    `Rehearsed ${basename(runbook)} after ${after}: ${result.entries} entries in ${dir}; the transcript ${result.verdict}.\n`,
  )
  return result.ok ? 0 : 1
}

async function layOut(
  file: string,
  { after, dir, with: given, params }: { after: string; dir: string; with?: string; params?: string },
): Promise<void> {
  const runbook = readRunbook(file)
  const about = readRehearsal(given ?? join(file, '..', 'rehearsals', basename(file)))
  const before = await scopeOf(after)
  const [setup, answers] = ['setup.yaml', 'answers.yaml'].map((name) => readYaml(join(after, name), undefined, name)) as unknown as [
    Setup,
    Answers,
  ]
  cpSync(join(after, 'keys'), join(dir, 'keys'), { recursive: true })
  cpSync(join(after, 'rehearsal', 'azure'), join(dir, 'rehearsal', 'azure'), { recursive: true })
  cpSync(join(after, 'rehearsal', 'azure-seed.yaml'), join(dir, 'rehearsal', 'azure-seed.yaml'))
  const environment = twinEnvironment(absolute(dir, 'rehearsal', 'nshield'))
  const another = about['new-module'] === undefined ? [] : ['--new-module', about['new-module']]
  const rack = ['--from', absolute(after, 'rehearsal', 'nshield'), '--cards', String(about['blank-cards'] ?? 0), ...another]
  await execa(join(NSHIELD, 'bin', 'new-rack'), rack, { env: environment })

  const port = await freePort()
  const write = (name: string, data: unknown): string => {
    writeFileSync(join(dir, name), stringify(data), { mode: 0o600 })
    return join(dir, name)
  }
  const here = (argument: string): string => {
    const part = ['azure-seed.yaml', 'azure'].find((name) => argument.endsWith(join('rehearsal', name)))
    return part === undefined ? argument : join(dir, 'rehearsal', part)
  }
  const companions = setup.companions.map(({ name, run }) => ({
    name,
    run: run.map((argument, index) => (run[index - 1] === '--port' ? String(port) : here(argument))),
  }))
  const place = (value: unknown): unknown => resolve({ value, position: { line: 1, column: 1 } }, before)
  const inherited = Object.entries(before.parameters).filter(([name]) => Object.hasOwn(runbook.parameters, name))
  prepare(dir, {
    runbook: file,
    setup: write('setup.yaml', {
      ...setup,
      cloud: { ...setup.cloud, connect: `127.0.0.1:${port}` },
      hsm: { ...setup.hsm, environment },
      companions,
    }),
    answers: write('answers.yaml', {
      ...answers,
      secrets: withNew(answers.secrets, about.secrets ?? []),
      records: about.records ?? {},
      hands: { ...answers.hands, environment },
    }),
    parameters: write('parameters.yaml', {
      ...Object.fromEntries(inherited),
      ...(place(about.parameters ?? {}) as Yaml),
      ...readParameters(params),
    }),
  })
}

/** What replaces something (`new-…`) may be in force already when an interrupted step runs again, so it is tried there second. */
function withNew(secrets: Answers['secrets'], names: readonly string[]): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = { ...secrets }
  for (const name of names) {
    const made = passphrase()
    all[name] = made
    const replaced = secrets[name.replace(/^new-/, '')]
    if (replaced !== undefined) all[name.replace(/^new-/, '')] = [...[replaced].flat(), made]
  }
  return all
}

function readRehearsal(file: string): Static<typeof RehearsalSchema> {
  return readYaml(file, RehearsalSchema as TSchema, 'rehearsal') as Static<typeof RehearsalSchema>
}

/** @returns what expressions see of the earlier ceremony */
async function scopeOf(dir: string): Promise<Scope> {
  const runbook = readRunbook(join(dir, 'runbook.yaml'))
  const { history } = await readStanding(readEntries(locate(dir).file))
  if (history.closed && history.opened?.unattended) return history.scope(runbook)
  throw new CeremonyError('rehearse/not-a-rehearsal', `${dir} is not the folder of a rehearsal that was carried to its end.`, {
    found: history.opened === undefined ? 'no ceremony' : history.closed ? 'a ceremony of people' : 'a ceremony that is not closed',
    expected: 'the folder of a closed rehearsal, as `ceremony demo` makes it',
    advice: `Finish it (ceremony resume ${dir}), or make one: ceremony demo --dir ${dir}`,
    exitCode: 2,
  })
}
