/** The path of each key from the HSM to the services, put together from what the steps took in and gave out. */
import { type Ceremony, doneOf, inputsOf, outputsOf, type StepRun, serviceKind } from './model.ts'

/** Something on the path, with the line that proves it. */
interface Stop {
  readonly line: number
}
interface MadeKey extends Stop {
  readonly label: string
  readonly bits: number | undefined
  readonly modulus: string
  readonly cardSet: string
}
/** One key on its way into one vault. */
export interface Route {
  readonly key: MadeKey
  readonly packed: (Stop & { readonly name: string; readonly sha256: string; readonly madeFor: string }) | undefined
  readonly imported:
    | (Stop & { readonly kid: string; readonly modulus: string; readonly vault: string; readonly location: string })
    | undefined
  readonly services: readonly (Stop & { readonly name: string; readonly kind: string })[]
  /** Vaults that were tried with this package and refused it. */
  readonly refused: readonly (Stop & { readonly vault: string })[]
}
export interface KeyPath {
  /** Serial number of the HSM, if a step told it. */
  readonly hsm: string | undefined
  readonly routes: readonly Route[]
}

/** A drawing of more keys than these would show nothing. */
const MAX_KEYS = 50

/** @returns the routes of every key, in the order in which the keys were made and packed */
export function keyPathOf({ steps }: Ceremony): KeyPath {
  const done = steps.filter((run) => doneOf(run) !== undefined)
  const byAction = Map.groupBy(done, (run) => run.tries.at(-1)?.intent.entry.action.split('/').at(-1) ?? '')
  const of = (action: string): StepRun[] => byAction.get(action) ?? []
  const keys = of('generate-key').slice(0, MAX_KEYS).flatMap(madeKey)
  const places = new Map(of('ensure-vault').map((run) => [text(outputsOf(run).vault), text(outputsOf(run).location)]))
  const routes = keys.flatMap((key): Route[] => {
    const packages = of('wrap-for-azure').filter((run) => outputsOf(run).modulus_sha256 === key.modulus)
    if (packages.length === 0) return [{ key, packed: undefined, imported: undefined, services: [], refused: [] }]
    return packages.map((run) => routeOf(key, run, of, places))
  })
  const world = done.find((run) => typeof outputsOf(run).esn === 'string')
  return { hsm: world && text(outputsOf(world).esn), routes }
}

function madeKey(run: StepRun): MadeKey[] {
  const { modulus_sha256, bits } = outputsOf(run)
  const { label, 'card-set': cardSet } = inputsOf(run)
  if (typeof modulus_sha256 !== 'string') return []
  return [
    {
      line: lineOf(run),
      label: text(label),
      bits: typeof bits === 'number' ? bits : undefined,
      modulus: modulus_sha256,
      cardSet: text(cardSet),
    },
  ]
}

function routeOf(key: MadeKey, packing: StepRun, of: (action: string) => StepRun[], places: ReadonlyMap<string, string>): Route {
  const blob = blobIn(outputsOf(packing).blob)
  const took = (run: StepRun): boolean => blob !== undefined && blobIn(inputsOf(run).blob)?.sha256 === blob.sha256
  const upload = of('import-key').find(took)
  const kid = upload ? text(outputsOf(upload).kid) : undefined
  const vault = upload ? text(inputsOf(upload).vault) : ''
  const services = [...of('set-customer-key'), ...of('set-protector')].filter((run) => kid !== undefined && inputsOf(run).kid === kid)
  return {
    key,
    packed: blob && { ...blob, madeFor: hostOf(text(outputsOf(packing).kek_kid)), line: lineOf(packing) },
    imported: upload && {
      kid: kid!,
      modulus: text(outputsOf(upload).modulus_sha256),
      vault: hostOf(vault),
      location: places.get(vault) ?? '',
      line: lineOf(upload),
    },
    services: services.map((run) => {
      const { account, server } = inputsOf(run)
      return { name: text(account ?? server), kind: serviceKind(run.tries.at(-1)!.intent.entry.action), line: lineOf(run) }
    }),
    refused: of('prove-blob-refused')
      .filter(took)
      .map((run) => ({ vault: hostOf(text(inputsOf(run).vault)), line: lineOf(run) })),
  }
}

function blobIn(value: unknown): { name: string; sha256: string } | undefined {
  const { name, sha256 } = (value ?? {}) as { name?: unknown; sha256?: unknown }
  return typeof name === 'string' && typeof sha256 === 'string' ? { name, sha256 } : undefined
}

function lineOf(run: StepRun): number {
  return doneOf(run)?.line.number ?? 0
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** `https://contoso-keys-eu.vault.azure.net` -> `contoso-keys-eu` */
function hostOf(url: string): string {
  return /^https:\/\/([^./]+)/.exec(url)?.[1] ?? url
}
