/** System-assigned identities of resources. */
import { randomUUID } from 'node:crypto'

export interface Identity {
  readonly type: 'SystemAssigned'
  readonly principalId: string
  readonly tenantId: string
}

/** @returns a new identity; an access policy of a vault may name its `principalId` */
export function systemAssignedIdentity(tenant: string): Identity {
  return { type: 'SystemAssigned', principalId: randomUUID(), tenantId: tenant }
}
