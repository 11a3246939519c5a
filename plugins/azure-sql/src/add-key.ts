/** Makes a key of a vault known to a SQL server. */
import { action, afterEffect, type Context, PluginError, type Static, Type } from '@ceremony/engine/plugin'
import { KEY_ADVICE, sqlClient } from './client.ts'
import { serverKeyName } from './key-id.ts'
import { KeyId, onServer, ServerName } from './names.ts'
import { findServerKey, isKeyOfVault } from './server-key.ts'
import { changedBy, refusedOf, serviceError } from './service-error.ts'

/** A new access policy or role takes minutes to spread; until then the service finds that it lacks permissions. */
const SPREADS_WITHIN_MS = 10 * 60_000
const TRY_EVERY_MS = 30_000

const Input = Type.Object({ ...onServer, kid: KeyId }, { additionalProperties: false })
const Output = Type.Object({ server: ServerName, key_name: Type.String() }, { additionalProperties: false })

export const addKey = action({
  title: 'Make a key known to a SQL server',
  input: Input,
  output: Output,
  says: (input) => `Make the key ${input.kid} known to SQL server \`${input.server}\`.`,
  async run(input, context) {
    const keyName = serverKeyName(input.kid, context.cloud)
    const outputs = { server: input.server, key_name: keyName }
    if (isKeyOfVault(await findServerKey(input, keyName, context), input.kid)) return outputs
    await add(input, keyName, context)
    const found = await afterEffect(`server \`${input.server}\` knows key ${keyName}`, () => findServerKey(input, keyName, context))
    if (isKeyOfVault(found, input.kid)) return outputs
    throw new PluginError('azure-sql/other-key', `Server \`${input.server}\` does not show the key that was added.`, {
      found: found ? `${found.serverKeyType} ${found.uri}` : 'no such key',
      expected: `AzureKeyVault ${input.kid}`,
      changed: 'The server’s list of keys.',
      advice: 'Look at the server’s keys and find out who else changes them, then resume.',
    })
  },
  async reconcile(input, context) {
    const keyName = serverKeyName(input.kid, context.cloud)
    const found = await findServerKey(input, keyName, context)
    if (isKeyOfVault(found, input.kid))
      return { verdict: 'done', outputs: { server: input.server, key_name: keyName }, facts: `The server knows ${keyName}.` }
    // Adding again is safe, also while the service still works on the first request.
    return { verdict: 'not-done', facts: `The server does not know ${keyName}.` }
  },
})

async function add(input: Static<typeof Input>, keyName: string, context: Context): Promise<void> {
  const client = await sqlClient(context)
  const key = { serverKeyType: 'AzureKeyVault', uri: input.kid }
  const until = context.clock.now().getTime() + SPREADS_WITHIN_MS
  for (let told = false; ; told = true) {
    try {
      await client.serverKeys.beginCreateOrUpdateAndWait(input['resource-group'], input.server, keyName, key)
      return
    } catch (error) {
      const mayCome = refusedOf(error)?.code === 'AzureKeyVaultMissingPermissions' && context.clock.now().getTime() < until
      if (!mayCome) throw serviceError(error, `add key ${input.kid} to server \`${input.server}\``, KEY_ADVICE, changedBy(error))
    }
    if (!told) context.log(`The vault does not let ${input.server} in yet; a new grant takes some minutes to spread. Trying again.`)
    await context.clock.sleep(TRY_EVERY_MS)
  }
}
