/** Subscriptions, resource groups and resource ids, as every provider needs them. */
import { type Json, Refusal, type Reply, type Route, type TwinRequest } from '../route.ts'
import type { Twin } from '../twin.ts'
import { jsonOf, stringField } from './input.ts'
import { requireLocation } from './locations.ts'

export interface ResourceGroup {
  readonly name: string
  readonly location: string
  readonly tags: Json
}

const groups = (twin: Twin) => twin.store.table<ResourceGroup>('resource-groups')

/** @returns the row that a seed's or client's resource group is kept as */
export function resourceGroupChange(twin: Twin, group: ResourceGroup) {
  return groups(twin).put(group.name.toLowerCase(), group)
}

/**
 * Checks the `:subscription` and `:group` of a path.
 * @returns the group, spelled as it was made
 * @throws Refusal SubscriptionNotFound or ResourceGroupNotFound
 */
export function requireGroup(twin: Twin, request: TwinRequest): ResourceGroup {
  requireSubscription(twin, request)
  const name = request.params.group!
  const group = groups(twin).get(name.toLowerCase())
  if (!group) throw new Refusal(404, 'ResourceGroupNotFound', `Resource group '${name}' could not be found.`)
  return group
}

/** @throws Refusal SubscriptionNotFound */
export function requireSubscription(twin: Twin, request: TwinRequest): void {
  const subscription = request.params.subscription!
  if (subscription.toLowerCase() !== twin.seed.subscription) {
    throw new Refusal(404, 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`)
  }
}

/** @returns the id of a resource, such as `resourceId(twin, 'keys', 'Microsoft.KeyVault/vaults', 'contoso')` */
export function resourceId(twin: Twin, group: string, type: string, name: string): string {
  return `/subscriptions/${twin.seed.subscription}/resourceGroups/${group}/providers/${type}/${name}`
}

/** @returns what the resource manager says of a resource that is not there */
export function resourceNotFound(type: string, name: string, group: string): Refusal {
  const message = `The Resource '${type}/${name}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`
  return new Refusal(404, 'ResourceNotFound', message)
}

/** The path of a resource type below a resource group, for a route. */
export const inGroup = (rest: string): string => `/subscriptions/:subscription/resourceGroups/:group/providers/${rest}`
/** The path of a provider's operation below the subscription, for a route. */
export const inSubscription = (rest: string): string => `/subscriptions/:subscription/providers/${rest}`

/** @returns the routes of subscriptions and resource groups */
export function scopeRoutes(twin: Twin): Route[] {
  const subscription = () => ({
    id: `/subscriptions/${twin.seed.subscription}`,
    subscriptionId: twin.seed.subscription,
    tenantId: twin.seed.tenant,
    displayName: 'Rehearsal',
    state: 'Enabled',
  })
  const shown = (group: ResourceGroup) => ({
    id: `/subscriptions/${twin.seed.subscription}/resourceGroups/${group.name}`,
    name: group.name,
    type: 'Microsoft.Resources/resourceGroups',
    location: group.location,
    tags: group.tags,
    properties: { provisioningState: 'Succeeded' },
  })
  const listGroups = (request: TwinRequest): Reply => {
    requireSubscription(twin, request)
    return { status: 200, body: { value: groups(twin).rows().map(shown) } }
  }
  const putGroup = (request: TwinRequest): Reply => {
    requireSubscription(twin, request)
    const name = request.params.group!
    const body = jsonOf(request)
    const location = requireLocation(stringField(body, 'location'))
    const before = groups(twin).get(name.toLowerCase())
    if (before && before.location !== location) {
      const message = `Invalid resource group location '${location}'. The Resource group already exists in location '${before.location}'.`
      throw new Refusal(409, 'InvalidResourceGroupLocation', message)
    }
    const group = { name: before?.name ?? name, location, tags: (body.tags ?? {}) as Json }
    twin.store.commit(
      { principal: request.principal!.objectId, operation: 'resource-group/put', resource: shown(group).id },
      resourceGroupChange(twin, group),
    )
    return { status: before ? 200 : 201, body: shown(group) }
  }
  const one = '/subscriptions/:subscription/resourceGroups/:group'
  return [
    { method: 'GET', path: '/subscriptions', handle: () => ({ status: 200, body: { value: [subscription()] } }) },
    {
      method: 'GET',
      path: '/subscriptions/:subscription',
      handle: (request) => {
        requireSubscription(twin, request)
        return { status: 200, body: subscription() }
      },
    },
    { method: 'GET', path: '/subscriptions/:subscription/resourceGroups', handle: listGroups },
    { method: 'GET', path: one, handle: (request) => ({ status: 200, body: shown(requireGroup(twin, request)) }) },
    { method: 'PUT', path: one, handle: putGroup },
  ]
}
