/** Reads the state that databases are in. */
import type { SqlManagementClient } from '@azure/arm-sql'
import { action, Type } from '@ceremony/engine/plugin'
import { READ_ADVICE, type ServerRef, sqlClient } from './client.ts'
import { DatabaseName, onServer } from './names.ts'
import { isRefusedInThisState, serviceError } from './service-error.ts'

const Database = Type.Object(
  {
    status: Type.String({ description: 'Online, Inaccessible, …' }),
    tde_state: Type.Union([Type.String(), Type.Null()], {
      description: 'Null where the service does not tell, as for an inaccessible database',
    }),
  },
  { additionalProperties: false },
)
const Input = Type.Object(
  { ...onServer, databases: Type.Array(DatabaseName, { minItems: 1, maxItems: 500, uniqueItems: true }) },
  { additionalProperties: false },
)
const Output = Type.Object(
  { databases: Type.Record(Type.String(), Database), all_online: Type.Boolean(), all_inaccessible: Type.Boolean() },
  { additionalProperties: false },
)

export const state = action({
  title: 'Read the state of databases',
  input: Input,
  output: Output,
  readsOnly: true,
  says: (input) => `Read the state of ${input.databases.map((name) => `\`${name}\``).join(', ')} on SQL server \`${input.server}\`.`,
  async run(input, context) {
    const client = await sqlClient(context)
    const found: [string, { status: string; tde_state: string | null }][] = []
    for (const name of input.databases) {
      try {
        found.push([name, await read(client, input, name)])
      } catch (error) {
        throw serviceError(error, `show database \`${name}\` of server \`${input.server}\``, READ_ADVICE)
      }
    }
    return {
      databases: Object.fromEntries(found),
      all_online: found.every(([, { status }]) => status === 'Online'),
      all_inaccessible: found.every(([, { status }]) => status === 'Inaccessible'),
    }
  },
})

async function read(client: SqlManagementClient, ref: ServerRef, name: string): Promise<{ status: string; tde_state: string | null }> {
  const { status = '' } = await client.databases.get(ref['resource-group'], ref.server, name)
  try {
    const tde = await client.transparentDataEncryptions.get(ref['resource-group'], ref.server, name, 'current')
    return { status, tde_state: tde.state ?? null }
  } catch (error) {
    if (!isRefusedInThisState(error)) throw error
    // It may have become inaccessible between the two questions.
    const now = status === 'Online' ? ((await client.databases.get(ref['resource-group'], ref.server, name)).status ?? '') : status
    if (now === 'Online') throw error
    return { status: now, tde_state: null }
  }
}
