/** The TDE protector of a SQL server, as it shows it. */
import type { EncryptionProtector } from '@azure/arm-sql'
import { type Context, type Static, Type } from '@ceremony/engine/plugin'
import { READ_ADVICE, type ServerRef, sqlClient } from './client.ts'
import { isSameKey, serverKeyName } from './key-id.ts'
import { serviceError } from './service-error.ts'

export const Protector = Type.Object(
  {
    key_name: Type.String(),
    uri: Type.Union([Type.String(), Type.Null()], { description: 'Null for the key that the service looks after' }),
    type: Type.String({ description: 'AzureKeyVault or ServiceManaged' }),
  },
  { additionalProperties: false },
)

/** @throws PluginError `azure-sql/refused`, `azure-sql/no-answer` */
export async function readProtector(ref: ServerRef, context: Context): Promise<EncryptionProtector> {
  const client = await sqlClient(context)
  try {
    return await client.encryptionProtectors.get(ref['resource-group'], ref.server, 'current')
  } catch (error) {
    throw serviceError(error, `show the TDE protector of server \`${ref.server}\``, READ_ADVICE)
  }
}

/** @returns whether the protector is this version of this vault's key, and stays it when the key gets a newer one */
export function isPinnedTo(found: EncryptionProtector, kid: string, context: Context): boolean {
  const name = serverKeyName(kid, context.cloud)
  return (
    found.serverKeyType === 'AzureKeyVault' &&
    isSameKey(found.serverKeyName, name) &&
    isSameKey(found.uri, kid) &&
    found.autoRotationEnabled !== true
  )
}

/** @returns the protector in a step's outputs */
export function protectorOutputs(found: EncryptionProtector): Static<typeof Protector> {
  return { key_name: found.serverKeyName ?? '', uri: found.uri ?? null, type: found.serverKeyType ?? '' }
}

/** @returns the protector in words */
export function protectorInWords(found: EncryptionProtector): string {
  const rotates = found.autoRotationEnabled ? ', rotated by the service' : ''
  return `${found.serverKeyName} (${found.serverKeyType}${rotates})`
}
