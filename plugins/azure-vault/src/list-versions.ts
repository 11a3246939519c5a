/** Lists the versions of a key: those that old backups need must still be there. */
import { action, Type } from '@ceremony/engine/plugin'
import { versionsOf } from './key-version.ts'
import { closed, KeyId, KeyInVault } from './names.ts'

export const listVersions = action({
  title: 'List the versions of a key',
  input: Type.Object(KeyInVault, closed),
  output: Type.Object(
    {
      versions: Type.Array(Type.Object({ kid: KeyId, enabled: Type.Boolean() }, closed), { description: 'Oldest first' }),
      enabled: Type.Array(KeyId, { description: 'Those that can be used' }),
    },
    closed,
  ),
  readsOnly: true,
  says: (input) => `List the versions of the key \`${input.name}\` in ${input.vault}.`,
  async run(input, context) {
    const versions = await versionsOf(input.vault, input.name, context)
    return { versions, enabled: versions.filter(({ enabled }) => enabled).map(({ kid }) => kid) }
  },
})
