/** Keys as a SQL server lists them. */
import type { ServerKey } from '@azure/arm-sql'
import type { Context } from '@ceremony/engine/plugin'
import { READ_ADVICE, type ServerRef, sqlClient } from './client.ts'
import { isSameKey } from './key-id.ts'
import { isAbsent, refusedOf, serviceError } from './service-error.ts'

/**
 * @returns undefined where the server knows no key of that name
 * @throws PluginError `azure-sql/refused`, also where there is no such server, and `azure-sql/no-answer`
 */
export async function findServerKey(ref: ServerRef, keyName: string, context: Context): Promise<ServerKey | undefined> {
  const client = await sqlClient(context)
  try {
    return await client.serverKeys.get(ref['resource-group'], ref.server, keyName)
  } catch (error) {
    // `ResourceNotFound` may also mean the server.
    if (refusedOf(error)?.code === 'ServerKeyNotFound') return undefined
    if (!isAbsent(error)) throw serviceError(error, `show key \`${keyName}\` of server \`${ref.server}\``, READ_ADVICE)
  }
  try {
    await client.servers.get(ref['resource-group'], ref.server)
    return undefined
  } catch (error) {
    throw serviceError(error, `show server \`${ref.server}\``, READ_ADVICE)
  }
}

/** @returns whether that is this version of this vault's key */
export function isKeyOfVault(found: ServerKey | undefined, kid: string): boolean {
  return found?.serverKeyType === 'AzureKeyVault' && isSameKey(found.uri, kid)
}
