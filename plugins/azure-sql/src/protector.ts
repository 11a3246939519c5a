/** The TDE protector of a SQL server: the key that wraps the keys of its databases. */
import type { EncryptionProtector } from '@azure/arm-sql'
import { action, type Context, PluginError, Type } from '@ceremony/engine/plugin'
import { KEY_ADVICE, READ_ADVICE, type ServerRef, sqlClient } from './client.ts'
import { serverKeyName } from './key-id.ts'
import { KeyId, onServer } from './names.ts'
import { serviceError } from './service-error.ts'

const Protector = Type.Object(
  { key_name: Type.String(), uri: Type.Union([Type.String(), Type.Null()]), type: Type.String() },
  { additionalProperties: false },
)

export const setProtector = action({
  title: 'Make a key the TDE protector of a SQL server',
  input: Type.Object({ ...onServer, kid: KeyId }, { additionalProperties: false }),
  output: Protector,
  says: (input) => `Make the key ${input.kid} the TDE protector of SQL server \`${input.server}\`, in this version.`,
  async run(input, context) {
    const keyName = serverKeyName(input.kid, context.cloud)
    const client = await sqlClient(context)
    try {
      await client.encryptionProtectors.beginCreateOrUpdateAndWait(input['resource-group'], input.server, 'current', {
        serverKeyName: keyName,
        serverKeyType: 'AzureKeyVault',
        autoRotationEnabled: false,
      })
    } catch (error) {
      throw serviceError(error, `make ${keyName} the TDE protector of server \`${input.server}\``, KEY_ADVICE)
    }
    const found = await readProtector(input, context)
    if (isProtector(found, keyName, input.kid)) return outputs(found)
    throw new PluginError('azure-sql/other-key', `The TDE protector of server \`${input.server}\` is not the key that was set.`, {
      found: JSON.stringify(outputs(found)),
      expected: `${keyName} at ${input.kid}`,
      changed: 'The server’s TDE protector.',
      advice: 'Find out who else changes this server, then run the step again.',
    })
  },
  async reconcile(input, context) {
    const found = await readProtector(input, context)
    const facts = `The TDE protector of ${input.server} is ${found.serverKeyName} (${found.serverKeyType}).`
    const done = isProtector(found, serverKeyName(input.kid, context.cloud), input.kid)
    return done ? { verdict: 'done', outputs: outputs(found), facts } : { verdict: 'not-done', facts }
  },
})

export const revalidate = action({
  title: 'Have a SQL server check its TDE protector again',
  input: Type.Object(onServer, { additionalProperties: false }),
  output: Protector,
  says: (input) => `Have SQL server \`${input.server}\` check at once whether it can use its TDE protector.`,
  async run(input, context) {
    const client = await sqlClient(context)
    try {
      await client.encryptionProtectors.beginRevalidateAndWait(input['resource-group'], input.server, 'current')
    } catch (error) {
      throw serviceError(error, `revalidate the TDE protector of server \`${input.server}\``, KEY_ADVICE)
    }
    return outputs(await readProtector(input, context))
  },
  // It leaves no trace to look for, and asking twice does no more than asking once.
  async reconcile(input, context) {
    const found = await readProtector(input, context)
    return {
      verdict: 'not-done',
      facts: `The TDE protector of ${input.server} is ${found.serverKeyName}; whether it was revalidated does not show.`,
    }
  },
})

async function readProtector(ref: ServerRef, context: Context): Promise<EncryptionProtector> {
  const client = await sqlClient(context)
  try {
    return await client.encryptionProtectors.get(ref['resource-group'], ref.server, 'current')
  } catch (error) {
    throw serviceError(error, `show the TDE protector of server \`${ref.server}\``, READ_ADVICE)
  }
}

function isProtector(found: EncryptionProtector, keyName: string, kid: string): boolean {
  return found.serverKeyType === 'AzureKeyVault' && found.serverKeyName === keyName && found.uri === kid
}

function outputs(found: EncryptionProtector) {
  return { key_name: found.serverKeyName ?? '', uri: found.uri ?? null, type: found.serverKeyType ?? '' }
}
