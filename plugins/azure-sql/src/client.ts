/** The Resource Manager client for SQL, and the advice that belongs to its refusals. */
import type { SqlManagementClient } from '@azure/arm-sql'
import type { Context } from '@ceremony/engine/plugin'

/** Who an action on a server is about. */
export interface ServerRef {
  readonly server: string
  readonly 'resource-group': string
}

export const READ_ADVICE = 'Check the names of the server, the database and their resource group, and who may read them.'
export const KEY_ADVICE =
  'The server’s identity needs get, wrapKey and unwrapKey on the vault (a new grant takes minutes to be known everywhere), ' +
  'the vault needs soft delete and purge protection, and the key must be an enabled RSA key of 2048 or 3072 bits. Then resume.'

/** Loads the client where it is used: it is the slowest of all to load. */
export async function sqlClient(context: Context): Promise<SqlManagementClient> {
  const { SqlManagementClient } = await import('@azure/arm-sql')
  const { resourceManager, subscription } = context.cloud
  return new SqlManagementClient(context.http.credential, subscription, {
    endpoint: resourceManager,
    $host: resourceManager,
    credentialScopes: `${resourceManager}/.default`,
    httpClient: context.http.client,
  })
}
