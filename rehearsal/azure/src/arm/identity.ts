/** System-assigned identities of resources. */
import { randomUUID } from 'node:crypto'
import { type Json, Refusal } from '../route.ts'

export interface Identity {
  readonly type: 'SystemAssigned'
  readonly principalId: string
  readonly tenantId: string
}

/** @returns a new identity; an access policy of a vault may name its `principalId` */
export function systemAssignedIdentity(tenant: string): Identity {
  return { type: 'SystemAssigned', principalId: randomUUID(), tenantId: tenant }
}

/**
 * @param given the `identity` of a request
 * @returns what a resource's identity is then: one that is there stays the same
 * @throws Refusal for a type that is unknown, and for user-assigned identities, which the twin has not got
 */
export function changedIdentity(given: Json, present: Identity | null, tenant: string): Identity | null {
  const type = String(given.type ?? '').toLowerCase()
  if (type === 'none') return null
  if (type === 'systemassigned') return present ?? systemAssignedIdentity(tenant)
  if (/^(systemassigned, ?)?userassigned$/.test(type)) {
    throw new Refusal(501, 'NotImplemented', 'The twin has no user-assigned identities.')
  }
  throw new Refusal(400, 'InvalidIdentityType', `The identity type '${type.slice(0, 40)}' is not one of None, SystemAssigned.`)
}
