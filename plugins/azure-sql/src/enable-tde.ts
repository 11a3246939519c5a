/** Switches transparent data encryption on for a database. */
import { action, afterEffect, type Context, PluginError, Type } from '@ceremony/engine/plugin'
import { READ_ADVICE, type ServerRef, sqlClient } from './client.ts'
import { DatabaseName, onServer } from './names.ts'
import { changedBy, serviceError } from './service-error.ts'

const Input = Type.Object({ ...onServer, database: DatabaseName }, { additionalProperties: false })
const Output = Type.Object({ database: DatabaseName, state: Type.Literal('Enabled') }, { additionalProperties: false })

export const enableTde = action({
  title: 'Encrypt a database',
  input: Input,
  output: Output,
  says: (input) =>
    `Switch transparent data encryption on for database \`${input.database}\` of SQL server \`${input.server}\`, if it is not on.`,
  async run(input, context) {
    const { server, database, 'resource-group': group } = input
    const outputs = { database, state: 'Enabled' as const }
    if ((await encryptionOf(input, database, context)) === 'Enabled') return outputs
    const client = await sqlClient(context)
    try {
      await client.transparentDataEncryptions.beginCreateOrUpdateAndWait(group, server, database, 'current', { state: 'Enabled' })
    } catch (error) {
      throw serviceError(error, `encrypt database \`${database}\` of server \`${server}\``, ONLINE_ADVICE, changedBy(error))
    }
    const state = await afterEffect(`encryption of \`${database}\` was switched on`, () => encryptionOf(input, database, context))
    if (state === 'Enabled') return outputs
    throw new PluginError('azure-sql/not-encrypted', `Database \`${database}\` is not encrypted after encryption was switched on.`, {
      found: String(state),
      expected: 'Enabled',
      changed: 'unknown',
      advice: 'Look at the database’s encryption in the portal, find out who else changes it, then resume.',
    })
  },
  async reconcile(input, context) {
    const state = await encryptionOf(input, input.database, context)
    const facts = `Transparent data encryption of ${input.database} is ${state}.`
    return state === 'Enabled'
      ? { verdict: 'done', outputs: { database: input.database, state: 'Enabled' as const }, facts }
      : { verdict: 'not-done', facts }
  },
})

const ONLINE_ADVICE =
  'See that the database is Online. If it is Inaccessible, give the server its key back and run `revalidate`; then resume.'

async function encryptionOf(ref: ServerRef, database: string, context: Context): Promise<string | undefined> {
  const client = await sqlClient(context)
  try {
    return (await client.transparentDataEncryptions.get(ref['resource-group'], ref.server, database, 'current')).state
  } catch (error) {
    throw serviceError(error, `show the encryption of database \`${database}\``, `${READ_ADVICE} ${ONLINE_ADVICE}`)
  }
}
