/** Shows that a blob made for one vault is worth nothing in another. */
import { Artifact, action, type Context, PluginError, Type } from '@ceremony/engine/plugin'
import { keysOf } from './clients.ts'
import { readEnvelope } from './envelope.ts'
import { findKey } from './key-view.ts'
import { closed, KeyInVault } from './names.ts'
import { type Refused, refusedOf, serviceError } from './service-error.ts'

export const proveBlobRefused = action({
  title: 'Prove that a vault refuses another vault’s blob',
  input: Type.Object({ ...KeyInVault, blob: Artifact }, closed),
  output: Type.Object({ refused: Type.Literal(true), status: Type.Integer(), code: Type.String(), message: Type.String() }, closed),
  says: (input) => `Send ${input.blob.name}, which was made for another vault, to ${input.vault}, and see that it is refused.`,
  async run(input, context) {
    const bytes = await context.artifact.get(input.blob)
    // A spoilt blob, or one for this very vault, would prove nothing.
    const { kid, vault: madeFor } = readEnvelope(bytes, context.cloud)
    if (madeFor === input.vault) throw proofless('The blob was made for this very vault; it was not sent.', kid, 'a blob for another vault')
    const present = await findKey(input.vault, input.name, context)
    if (present) throw proofless(`The vault has a key \`${input.name}\` already; nothing was sent.`, present.kid, 'a name that is free')
    const refused = await send(input.vault, input.name, bytes, context)
    if (!refused) throw await accepted(input.vault, input.name, context)
    const appeared = await findKey(input.vault, input.name, context)
    if (appeared) throw await accepted(input.vault, input.name, context)
    return { refused: true as const, ...refused }
  },
  async reconcile(input, context) {
    const key = await findKey(input.vault, input.name, context)
    if (!key) return { verdict: 'not-done', facts: `There is no key ${input.name} in ${input.vault}: nothing was accepted.` }
    return { verdict: 'unknown', facts: `${key.kid} is in the vault, and this ceremony did not mean it to be.` }
  },
})

/** @returns what the service said, undefined if it took the blob */
async function send(vault: string, name: string, bytes: Uint8Array, context: Context): Promise<Refused | undefined> {
  const keys = await keysOf(vault, context)
  try {
    await keys.importKey(name, { kty: 'RSA-HSM', keyOps: ['wrapKey', 'unwrapKey'], t: bytes }, { hardwareProtected: true })
    return undefined
  } catch (error) {
    const refused = refusedOf(error)
    // Only a bad request is about the blob; a missing permission or a busy service proves nothing.
    if (refused?.status === 400) return refused
    throw serviceError(error, `look at the blob for \`${name}\``, 'The vault did not get as far as the blob: mend that, then resume.')
  }
}

function proofless(message: string, found: string, expected: string): PluginError {
  return new PluginError('azure-vault/proves-nothing', message, {
    found,
    expected,
    changed: 'nothing',
    advice: 'Correct the step’s inputs in the runbook.',
  })
}

async function accepted(vault: string, name: string, context: Context): Promise<PluginError> {
  const kid = (await findKey(vault, name, context))?.kid ?? `${vault}/keys/${name}`
  return new PluginError(
    'azure-vault/foreign-blob-accepted',
    `THE VAULT ACCEPTED A BLOB THAT WAS MADE FOR ANOTHER VAULT: it now holds \`${name}\`.`,
    {
      found: kid,
      expected: 'a refusal: only the key exchange key that the blob was made for can open it',
      changed: `${kid} is in the vault`,
      advice: 'Stop the ceremony, delete that key, and take it up with the vault’s provider: keys are not where they were said to be.',
    },
  )
}
