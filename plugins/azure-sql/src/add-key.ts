/** Makes a key of a vault known to a SQL server. */
import type { ServerKey } from '@azure/arm-sql'
import { action, type Context, PluginError, Type } from '@ceremony/engine/plugin'
import { KEY_ADVICE, READ_ADVICE, type ServerRef, sqlClient } from './client.ts'
import { serverKeyName } from './key-id.ts'
import { KeyId, onServer, ServerName } from './names.ts'
import { isNotFound, serviceError } from './service-error.ts'

const Input = Type.Object({ ...onServer, kid: KeyId }, { additionalProperties: false })
const Output = Type.Object({ server: ServerName, key_name: Type.String() }, { additionalProperties: false })

export const addKey = action({
  title: 'Make a key known to a SQL server',
  input: Input,
  output: Output,
  says: (input) => `Make the key ${input.kid} known to SQL server \`${input.server}\`.`,
  async run(input, context) {
    const keyName = serverKeyName(input.kid, context.cloud)
    if (!isTheKey(await readKey(input, keyName, context), input.kid)) {
      const client = await sqlClient(context)
      try {
        await client.serverKeys.beginCreateOrUpdateAndWait(input['resource-group'], input.server, keyName, {
          serverKeyType: 'AzureKeyVault',
          uri: input.kid,
        })
      } catch (error) {
        throw serviceError(error, `add key ${input.kid} to server \`${input.server}\``, KEY_ADVICE)
      }
      const found = await readKey(input, keyName, context)
      if (!isTheKey(found, input.kid)) throw notTheKey(input.server, input.kid, found)
    }
    return { server: input.server, key_name: keyName }
  },
  async reconcile(input, context) {
    const keyName = serverKeyName(input.kid, context.cloud)
    const found = await readKey(input, keyName, context)
    if (isTheKey(found, input.kid))
      return { verdict: 'done', outputs: { server: input.server, key_name: keyName }, facts: `The server knows ${keyName}.` }
    return { verdict: 'not-done', facts: `The server does not know ${keyName}.` }
  },
})

async function readKey(ref: ServerRef, keyName: string, context: Context): Promise<ServerKey | undefined> {
  const client = await sqlClient(context)
  try {
    return await client.serverKeys.get(ref['resource-group'], ref.server, keyName)
  } catch (error) {
    if (isNotFound(error) && (error as { code?: string }).code !== 'ResourceGroupNotFound') return undefined
    throw serviceError(error, `show key \`${keyName}\` of server \`${ref.server}\``, READ_ADVICE)
  }
}

function isTheKey(found: ServerKey | undefined, kid: string): boolean {
  return found?.serverKeyType === 'AzureKeyVault' && found.uri === kid
}

function notTheKey(server: string, kid: string, found: ServerKey | undefined): PluginError {
  return new PluginError('azure-sql/other-key', `Server \`${server}\` does not show the key that was added.`, {
    found: found ? `${found.serverKeyType} ${found.uri}` : 'no such key',
    expected: `AzureKeyVault ${kid}`,
    changed: 'The server’s list of keys.',
    advice: 'Look at the server’s keys and find out who else changes them, then run the step again.',
  })
}
