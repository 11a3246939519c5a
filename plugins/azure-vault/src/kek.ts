/** Key exchange keys: RSA keys in the vault's HSM that can do nothing but receive other keys. */
import { action, afterEffect, type Context, PluginError, type Static, Type } from '@ceremony/engine/plugin'
import { keysOf } from './clients.ts'
import { findKey, type KeyView, requireKey, sameOperations } from './key-view.ts'
import { Bits, closed, Kek, KeyInVault } from './names.ts'
import { serviceError } from './service-error.ts'

const Output = Type.Object({ kek: Kek }, closed)

export const createKek = action({
  title: 'Create a key exchange key',
  input: Type.Object({ ...KeyInVault, bits: Bits }, closed),
  output: Output,
  says: (input) =>
    `Create the ${input.bits}-bit RSA-HSM key \`${input.name}\` in ${input.vault}, which can import other keys and do nothing else.`,
  async run(input, context) {
    const present = await findKey(input.vault, input.name, context)
    if (present) return outputs(requireKek(present, input.name, input.bits))
    const keys = await keysOf(input.vault, context)
    try {
      await keys.createRsaKey(input.name, { hsm: true, keySize: input.bits, keyOps: ['import'] })
    } catch (error) {
      throw serviceError(error, `create key \`${input.name}\``, 'Check that the vault is premium and that its keys may be created.')
    }
    const made = () => requireKey(input.vault, input.name, context)
    return outputs(requireKek(await afterEffect(`the key \`${input.name}\` was made`, made), input.name, input.bits))
  },
  async reconcile(input, context) {
    const key = await findKey(input.vault, input.name, context)
    if (!key) return { verdict: 'not-done', facts: `There is no key ${input.name} in ${input.vault}.` }
    const faults = faultsOf(key, input.bits)
    // Running again then stops at the key that is in the way.
    if (faults.length > 0) return { verdict: 'not-done', facts: `${key.kid} is there, but ${faults.join(', ')}.` }
    return { verdict: 'done', outputs: outputs(key), facts: `${key.kid} is there as it should be.` }
  },
})

export const exportKek = action({
  title: 'Read a key exchange key’s public half',
  input: Type.Object(KeyInVault, closed),
  output: Output,
  readsOnly: true,
  says: (input) => `Read the public half of the key exchange key \`${input.name}\` in ${input.vault}.`,
  run: async (input, context: Context) => outputs(requireKek(await requireKey(input.vault, input.name, context), input.name)),
})

function outputs({ kid, n, e, bits }: KeyView): Static<typeof Output> {
  return { kek: { kid, n, e, bits } }
}

/** @throws PluginError `azure-vault/not-a-kek` */
function requireKek(key: KeyView, name: string, bits?: number): KeyView {
  const faults = faultsOf(key, bits)
  if (faults.length === 0) return key
  throw new PluginError('azure-vault/not-a-kek', `The key \`${name}\` is not the key exchange key that this ceremony needs.`, {
    found: `${key.kid}: ${faults.join(', ')}`,
    expected: `an enabled RSA-HSM key${bits ? ` of ${bits} bits` : ''} with the operation import and no other`,
    changed: 'nothing',
    advice: 'Choose another name for the key exchange key; leave the key that is there alone.',
  })
}

function faultsOf(key: KeyView, bits?: number): string[] {
  const faults: string[] = []
  if (key.kty !== 'RSA-HSM') faults.push(`its type is ${key.kty}`)
  if (bits !== undefined && key.bits !== bits) faults.push(`it has ${key.bits} bits`)
  if (!sameOperations(key.operations, ['import'])) faults.push(`its operations are ${key.operations.join(', ') || 'none'}`)
  if (!key.enabled) faults.push('it is disabled')
  return faults
}
