/** Gives a SQL server an identity of its own, which a vault can then let in. */
import type { ResourceIdentity, Server } from '@azure/arm-sql'
import { action, afterEffect, type Context, PluginError, Type } from '@ceremony/engine/plugin'
import { READ_ADVICE, type ServerRef, sqlClient } from './client.ts'
import { Guid, onServer, ServerName } from './names.ts'
import { changedBy, serviceError } from './service-error.ts'

const Input = Type.Object(onServer, { additionalProperties: false })
const Output = Type.Object({ server: ServerName, principal_id: Guid, tenant_id: Guid }, { additionalProperties: false })

export const assignIdentity = action({
  title: 'Give a SQL server an identity',
  input: Input,
  output: Output,
  says: (input) => `Give SQL server \`${input.server}\` a system-assigned identity, if it has none.`,
  async run(input, context) {
    const found = await readServer(input, context)
    requireOwnIdentity(found, input.server)
    const before = found.identity
    const present = principalOf(before)
    if (present) return { server: input.server, ...present }
    const client = await sqlClient(context)
    try {
      await client.servers.beginUpdateAndWait(input['resource-group'], input.server, { identity: withSystemAssigned(before) })
    } catch (error) {
      throw serviceError(
        error,
        `give server \`${input.server}\` an identity`,
        'Check that whoever runs the ceremony may change the server (role SQL Server Contributor).',
        changedBy(error),
      )
    }
    const after = await afterEffect(`server \`${input.server}\` was given an identity`, () => readServer(input, context))
    const given = principalOf(after.identity)
    if (given) return { server: input.server, ...given }
    throw new PluginError('azure-sql/no-identity', `Server \`${input.server}\` shows no identity after it was given one.`, {
      found: 'no principal id',
      expected: 'a system-assigned identity with a principal id',
      changed: 'unknown',
      advice: 'Look at the server’s identity in the portal, then resume.',
    })
  },
  async reconcile(input, context) {
    const identity = principalOf((await readServer(input, context)).identity)
    if (!identity) return { verdict: 'not-done', facts: `Server ${input.server} has no system-assigned identity.` }
    return { verdict: 'done', outputs: { server: input.server, ...identity }, facts: `Its principal is ${identity.principal_id}.` }
  },
})

async function readServer(ref: ServerRef, context: Context): Promise<Server> {
  const client = await sqlClient(context)
  try {
    return await client.servers.get(ref['resource-group'], ref.server)
  } catch (error) {
    throw serviceError(error, `show server \`${ref.server}\``, READ_ADVICE)
  }
}

/** A server with a primary user-assigned identity goes to the vault as that one: a grant to its own would not help. */
function requireOwnIdentity(found: Server, server: string): void {
  if (!found.primaryUserAssignedIdentityId) return
  throw new PluginError('azure-sql/other-identity', `Server \`${server}\` goes to vaults with a user-assigned identity.`, {
    found: found.primaryUserAssignedIdentityId,
    expected: 'a server that uses its own, system-assigned identity',
    changed: 'nothing',
    advice: 'Let that identity use the vault’s keys and leave this step out, or remove it as the server’s primary identity and resume.',
  })
}

function principalOf(identity: ResourceIdentity = {}): { principal_id: string; tenant_id: string } | undefined {
  const { type = 'None', principalId, tenantId } = identity
  if (!type.includes('SystemAssigned') || !principalId || !tenantId) return undefined
  return { principal_id: principalId, tenant_id: tenantId }
}

/** Identities that other people assigned stay: an update names all that shall be there. */
function withSystemAssigned(present: ResourceIdentity | undefined): ResourceIdentity {
  const others = Object.keys(present?.userAssignedIdentities ?? {})
  if (others.length === 0) return { type: 'SystemAssigned' }
  return { type: 'SystemAssigned,UserAssigned', userAssignedIdentities: Object.fromEntries(others.map((id) => [id, {}])) }
}
