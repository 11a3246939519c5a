/** Looks at a key in a vault. */
import { action, Type } from '@ceremony/engine/plugin'
import { requireKey } from './key-view.ts'
import { Bits, closed, KeyId, KeyInVault, Sha256 } from './names.ts'

export const getKey = action({
  title: 'Look at a key in a vault',
  input: Type.Object(KeyInVault, closed),
  output: Type.Object(
    {
      kid: KeyId,
      bits: Bits,
      modulus_sha256: Sha256,
      enabled: Type.Boolean(),
      recovery_level: Type.String(),
      operations: Type.Array(Type.String()),
    },
    closed,
  ),
  readsOnly: true,
  says: (input) => `Look at the key \`${input.name}\` in ${input.vault}.`,
  async run(input, context) {
    const { kid, bits, modulus_sha256, enabled, recovery_level, operations } = await requireKey(input.vault, input.name, context)
    return { kid, bits, modulus_sha256, enabled, recovery_level, operations }
  },
})
