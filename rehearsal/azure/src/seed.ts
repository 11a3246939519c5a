/** What is there before a rehearsal begins: the tenant, its applications, and resources that others have set up. */
import { parse } from 'yaml'
import { isObject } from './route.ts'

export interface Seed {
  readonly tenant: string
  readonly subscription: string
  readonly applications: readonly { readonly clientId: string; readonly clientSecret: string; readonly objectId: string }[]
  readonly resourceGroups: readonly { readonly name: string; readonly location: string }[]
  readonly storageAccounts: readonly {
    readonly name: string
    readonly resourceGroup: string
    readonly location: string
    /** Object ids that may use the blobs; everybody where it is missing. */
    readonly dataContributors?: readonly string[]
  }[]
  readonly sqlServers: readonly {
    readonly name: string
    readonly resourceGroup: string
    readonly location: string
    readonly databases: readonly string[]
  }[]
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const NAME = /^[A-Za-z0-9][A-Za-z0-9._()-]{0,89}$/

/**
 * Reads a seed file.
 * @throws Error that names the field at fault
 */
export function parseSeed(text: string): Seed {
  const seed = fields(parse(text), 'the seed', [
    'tenant',
    'subscription',
    'applications',
    'resourceGroups',
    'storageAccounts',
    'sqlServers',
  ])
  const result: Seed = {
    tenant: matching(seed.tenant, UUID, 'tenant'),
    subscription: matching(seed.subscription, UUID, 'subscription'),
    applications: list(seed.applications, 'applications', ['clientId', 'clientSecret', 'objectId'], (item, at) => ({
      clientId: matching(item.clientId, UUID, `${at}.clientId`),
      clientSecret: matching(item.clientSecret, /^.{8,200}$/, `${at}.clientSecret`),
      objectId: matching(item.objectId, UUID, `${at}.objectId`),
    })),
    resourceGroups: list(seed.resourceGroups, 'resourceGroups', ['name', 'location'], placed),
    storageAccounts: list(seed.storageAccounts, 'storageAccounts', [...OWNED, 'dataContributors'], (item, at) => ({
      ...owned(item, at),
      ...(item.dataContributors === undefined ? {} : { dataContributors: strings(item.dataContributors, `${at}.dataContributors`) }),
    })),
    sqlServers: list(seed.sqlServers, 'sqlServers', [...OWNED, 'databases'], (item, at) => ({
      ...owned(item, at),
      databases: strings(item.databases, `${at}.databases`),
    })),
  }
  const groups = new Set(result.resourceGroups.map(({ name }) => name))
  for (const { name, resourceGroup } of [...result.storageAccounts, ...result.sqlServers]) {
    if (!groups.has(resourceGroup))
      throw new Error(`seed: ${name} is in resource group ${resourceGroup}, which resourceGroups does not list`)
  }
  return result
}

type Fields = Record<string, unknown>
const OWNED = ['name', 'resourceGroup', 'location']

const placed = (item: Fields, at: string) => ({
  name: matching(item.name, NAME, `${at}.name`),
  location: matching(item.location, /^[a-z0-9]{2,40}$/, `${at}.location`),
})
const owned = (item: Fields, at: string) => ({
  ...placed(item, at),
  resourceGroup: matching(item.resourceGroup, NAME, `${at}.resourceGroup`),
})

function fields(value: unknown, at: string, known: readonly string[]): Fields {
  if (!isObject(value)) throw new Error(`seed: ${at} must be a mapping`)
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`seed: ${at} has an unknown field "${unknown}"; it may have ${known.join(', ')}`)
  return value
}

function list<T>(value: unknown, at: string, known: readonly string[], read: (item: Fields, at: string) => T): T[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new Error(`seed: ${at} must be a list`)
  return value.map((item, index) => read(fields(item, `${at}[${index}]`, known), `${at}[${index}]`))
}

function strings(value: unknown, at: string): string[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new Error(`seed: ${at} must be a list`)
  return value.map((item, index) => matching(item, NAME, `${at}[${index}]`))
}

function matching(value: unknown, pattern: RegExp, at: string): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw new Error(`seed: ${at} must be a string that matches ${pattern}`)
  return value
}
