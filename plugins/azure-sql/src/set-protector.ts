/** Makes a key the TDE protector of a SQL server: the key that wraps the keys of its databases. */
import { action, afterEffect, PluginError, Type } from '@ceremony/engine/plugin'
import { KEY_ADVICE, sqlClient } from './client.ts'
import { serverKeyName } from './key-id.ts'
import { KeyId, onServer } from './names.ts'
import { isPinnedTo, Protector, protectorInWords, protectorOutputs, readProtector } from './protector.ts'
import { changedBy, refusedOf, serviceError } from './service-error.ts'

export const setProtector = action({
  title: 'Make a key the TDE protector of a SQL server',
  input: Type.Object({ ...onServer, kid: KeyId }, { additionalProperties: false }),
  output: Protector,
  says: (input) =>
    `Make the key ${input.kid} the TDE protector of SQL server \`${input.server}\`, in this version: without it none of the server’s encrypted databases can be opened.`,
  async run(input, context) {
    const keyName = serverKeyName(input.kid, context.cloud)
    const before = await readProtector(input, context)
    if (isPinnedTo(before, input.kid, context)) return protectorOutputs(before)
    const client = await sqlClient(context)
    try {
      await client.encryptionProtectors.beginCreateOrUpdateAndWait(input['resource-group'], input.server, 'current', {
        serverKeyName: keyName,
        serverKeyType: 'AzureKeyVault',
        autoRotationEnabled: false,
      })
    } catch (error) {
      // The service had begun and failed: what became of it is not for guessing.
      const begun = refusedOf(error)?.status === undefined
      const now = begun ? protectorInWords(await afterEffect('unknown', () => readProtector(input, context))) : protectorInWords(before)
      const changed = now === protectorInWords(before) ? changedBy(error) : `The TDE protector is now ${now}.`
      throw serviceError(error, `make ${keyName} the TDE protector of server \`${input.server}\``, KEY_ADVICE, changed)
    }
    const found = await afterEffect(`${keyName} was made the TDE protector`, () => readProtector(input, context))
    if (isPinnedTo(found, input.kid, context)) return protectorOutputs(found)
    throw new PluginError('azure-sql/other-key', `The TDE protector of server \`${input.server}\` is not the key that was set.`, {
      found: protectorInWords(found),
      expected: `${keyName} (AzureKeyVault)`,
      changed: 'The server’s TDE protector.',
      advice: 'Find out who else changes this server, then resume.',
    })
  },
  async reconcile(input, context) {
    const found = await readProtector(input, context)
    const facts = `The TDE protector of ${input.server} is ${protectorInWords(found)}.`
    return isPinnedTo(found, input.kid, context)
      ? { verdict: 'done', outputs: protectorOutputs(found), facts }
      : { verdict: 'not-done', facts }
  },
})
