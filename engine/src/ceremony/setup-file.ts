/** The setup of a ceremony (`setup.yaml`): its mode, its stations' keys, where the cloud and the HSM are. Holds no secret. */
import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import type { Static, TSchema } from 'typebox'
import Type from 'typebox'
import type { CloudSetup, HsmSetup } from '../capability/setup.ts'
import { CeremonyError } from './error.ts'
import { type HandsProgram, HandsSchema, handsOf } from './hands-program.ts'
import { readYaml } from './yaml-file.ts'

const closed = { additionalProperties: false }
const Url = Type.String({ pattern: '^https://[a-z0-9.-]+(:[0-9]+)?/?$' })
const Suffix = Type.String({ pattern: '^[a-z0-9-]+(\\.[a-z0-9-]+)+$' })

const Credential = Type.Union([
  Type.Object({ kind: Type.Literal('client-secret'), 'client-id': Type.String(), secret: Type.String() }, closed),
  Type.Object({ kind: Type.Literal('azure-cli') }, closed),
  Type.Object({ kind: Type.Literal('managed-identity'), 'client-id': Type.Optional(Type.String()) }, closed),
])

const SetupSchema = Type.Object(
  {
    mode: Type.Union([Type.Literal('rehearsal'), Type.Literal('production')]),
    clock: Type.Optional(
      Type.Object({ origin: Type.Integer({ minimum: 0 }), scale: Type.Number({ minimum: 1, maximum: 100_000 }) }, closed),
    ),
    stations: Type.Record(
      Type.String(),
      Type.Union([Type.Object({ key: Type.String() }, closed), Type.Object({ 'public-key': Type.String() }, closed)]),
      { minProperties: 1 },
    ),
    cloud: Type.Optional(
      Type.Object(
        {
          name: Type.String(),
          tenant: Type.String(),
          subscription: Type.String(),
          authority: Url,
          'resource-manager': Url,
          suffixes: Type.Object({ vault: Suffix, blob: Suffix, sql: Suffix }, closed),
          ca: Type.Optional(Type.String()),
          connect: Type.Optional(Type.String({ pattern: '^[^:]+:[0-9]+$' })),
          credential: Credential,
        },
        closed,
      ),
    ),
    hsm: Type.Optional(
      Type.Object(
        {
          tools: Type.String(),
          library: Type.String(),
          environment: Type.Optional(Type.Record(Type.String({ pattern: '^[A-Z][A-Z0-9_]*$' }), Type.String())),
        },
        closed,
      ),
    ),
    /** Does on a twin what hands do to the real thing. */
    hands: Type.Optional(HandsSchema),
    companions: Type.Optional(Type.Array(Type.Object({ name: Type.String(), run: Type.Array(Type.String(), { minItems: 1 }) }, closed))),
  },
  closed,
)

/** Where paths stand in a setup. */
export const SETUP_PATHS = [
  ['stations', '*', 'key'],
  ['stations', '*', 'public-key'],
  ['cloud', 'ca'],
  ['hsm', 'tools'],
  ['hsm', 'library'],
  ['hands', 'run', 0],
] as const

/** A program that runs beside the ceremony, such as a rehearsal's twin of the cloud: started before, ended after. */
export interface Companion {
  readonly name: string
  readonly run: readonly string[]
}

export interface Setup {
  readonly mode: 'rehearsal' | 'production'
  readonly clock: { readonly origin: number; readonly scale: number }
  /** station -> path of its key file; of its public half for a station that is elsewhere */
  readonly stations: Readonly<Record<string, { readonly key: string } | { readonly publicKey: string }>>
  readonly cloud: CloudSetup | null
  readonly hsm: HsmSetup | null
  readonly companions: readonly Companion[]
  /** Moves a twin's cards and switches when the officers say that it is done. */
  readonly hands: HandsProgram | null
}

/**
 * Reads a setup file; paths in it are taken from the file's own folder.
 * @throws CeremonyError `setup/invalid` (exit 2) with every fault found
 */
export function readSetup(file: string): Setup {
  const raw = readYaml(file, SetupSchema as TSchema, 'setup') as Static<typeof SetupSchema>
  const at = (path: string): string => (isAbsolute(path) ? path : join(dirname(file), path))
  const unreal = (['clock', 'companions', 'hands'] as const).find((key) => raw[key] !== undefined)
  if (raw.mode === 'production' && unreal) {
    throw new CeremonyError(
      'setup/production',
      `${file}: a production ceremony runs on the real clock, without companions, and with people’s own hands.`,
      {
        found: `\`${unreal}\``,
        expected: 'none of `clock`, `companions` and `hands`',
        advice: 'Take the key out of the setup, or set `mode: rehearsal`.',
        exitCode: 2,
      },
    )
  }
  return {
    mode: raw.mode,
    clock: raw.clock ?? { origin: 0, scale: 1 },
    stations: Object.fromEntries(
      Object.entries(raw.stations).map(([name, station]) => [
        name,
        'key' in station ? { key: at(station.key) } : { publicKey: at(station['public-key']) },
      ]),
    ),
    cloud: raw.cloud ? cloudOf(raw.cloud, at) : null,
    hsm: raw.hsm ? { tools: at(raw.hsm.tools), library: at(raw.hsm.library), environment: raw.hsm.environment ?? {} } : null,
    companions: raw.companions ?? [],
    hands: raw.hands ? handsOf(raw.hands, at) : null,
  }
}

function cloudOf(raw: NonNullable<Static<typeof SetupSchema>['cloud']>, at: (path: string) => string): CloudSetup {
  const { name, tenant, subscription, authority, suffixes } = raw
  const credential = raw.credential as { kind: string; 'client-id'?: string; secret?: string }
  return {
    name,
    tenant,
    subscription,
    authority,
    resourceManager: raw['resource-manager'],
    suffixes,
    ...(raw.ca ? { ca: at(raw.ca) } : {}),
    ...(raw.connect ? { connect: raw.connect } : {}),
    credential: {
      kind: credential.kind,
      ...(credential['client-id'] ? { client_id: credential['client-id'] } : {}),
      ...(credential.secret ? { secret: credential.secret } : {}),
    } as CloudSetup['credential'],
  }
}

/** @returns what of the cloud is written into the transcript, and given to plugins */
export function publicCloud(cloud: CloudSetup | null) {
  if (!cloud) return null
  const { name, tenant, subscription, authority, resourceManager, suffixes } = cloud
  return { name, tenant, subscription, authority, resourceManager, suffixes }
}

/** @returns the bytes of a file, or undefined when there is none */
export function readIfThere(file: string): Uint8Array | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
