/** Uploads a key that an HSM wrapped for a key exchange key of the vault. */
import { Artifact, action, afterEffect, type Context, PluginError, type Static, Type } from '@ceremony/engine/plugin'
import { keysOf } from './clients.ts'
import { readEnvelope } from './envelope.ts'
import { findKey, type KeyView, requireKey, sameOperations } from './key-view.ts'
import { Base64url, Bits, closed, KeyId, KeyInVault, Sha256 } from './names.ts'
import { serviceError } from './service-error.ts'

/** Carries the digest of the blob that a key came from, so that a key can be told from another of the same name. */
const BLOB_TAG = 'byok-sha256'

const Input = Type.Object(
  {
    ...KeyInVault,
    blob: Artifact,
    supersedes: Type.Optional(
      Type.Unsafe<string>({
        ...KeyId,
        description: 'The version that is the newest now: the upload becomes a new version of the same key, and this one stays',
      }),
    ),
    operations: Type.Optional(
      Type.Array(Type.Enum(['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey']), {
        minItems: 1,
        uniqueItems: true,
        default: ['wrapKey', 'unwrapKey'],
        description: 'What the key may do; services that encrypt data under it need wrapKey and unwrapKey',
      }),
    ),
  },
  closed,
)
const Output = Type.Object({ kid: KeyId, n: Base64url, e: Base64url, bits: Bits, modulus_sha256: Sha256 }, closed)
type Wanted = Static<typeof Input>

export const importKey = action({
  title: 'Upload a key transfer blob',
  input: Input,
  output: Output,
  says: (input) =>
    `Upload ${input.blob.name} (SHA-256 ${input.blob.sha256.slice(0, 16)}…) to ${input.vault} as ` +
    `${input.supersedes === undefined ? 'the key' : 'a new version of the key'} \`${input.name}\`, for ${operations(input).join(', ')}.`,
  async run(input, context) {
    const bytes = await context.artifact.get(input.blob)
    requireForVault(readEnvelope(bytes, context.cloud), input.vault)
    const present = await findKey(input.vault, input.name, context)
    requireRoom(input, present)
    await upload(input, bytes, context)
    const look = () => requireKey(input.vault, input.name, context)
    return outputs(requireImported(await afterEffect(`\`${input.name}\` was uploaded`, look), input))
  },
  async reconcile(input, context) {
    const key = await findKey(input.vault, input.name, context)
    if (!key) return { verdict: 'not-done', facts: `There is no key ${input.name} in ${input.vault}.` }
    const faults = faultsOf(key, input)
    if (key.kid === input.supersedes) return { verdict: 'not-done', facts: `The newest version is still ${key.kid}.` }
    // Running again then stops at the key that is in the way.
    if (faults.length > 0) return { verdict: 'not-done', facts: `${key.kid} is not the key of this blob: ${faults.join(', ')}.` }
    return { verdict: 'done', outputs: outputs(key), facts: `${key.kid} came from this blob.` }
  },
})

const operations = (input: Wanted): string[] => input.operations ?? ['wrapKey', 'unwrapKey']

async function upload(input: Wanted, bytes: Uint8Array, context: Context): Promise<void> {
  const keys = await keysOf(input.vault, context)
  const key = { kty: 'RSA-HSM', keyOps: operations(input), t: bytes }
  try {
    await keys.importKey(input.name, key, { hardwareProtected: true, tags: { [BLOB_TAG]: input.blob.sha256 } })
  } catch (error) {
    const advice =
      'If the service could not unwrap the blob, wrap the key again for the vault’s key exchange key as it is now, and resume from there.'
    throw serviceError(error, `import \`${input.name}\` from ${input.blob.name}`, advice)
  }
}

/** @throws PluginError `azure-vault/blob-of-other-vault` */
function requireForVault({ kid, vault: madeFor }: { kid: string; vault: string }, vault: string): void {
  if (madeFor === vault) return
  throw new PluginError(
    'azure-vault/blob-of-other-vault',
    'The blob was made for the key exchange key of another vault; it was not sent.',
    {
      found: kid,
      expected: `a key exchange key in ${vault}`,
      changed: 'nothing',
      advice: 'Upload to each vault the blob that was wrapped for it.',
    },
  )
}

/** @throws PluginError `azure-vault/name-taken`, `azure-vault/not-newest` */
function requireRoom({ name, supersedes }: Wanted, present: KeyView | undefined): void {
  if (supersedes === undefined) {
    if (present) throw taken(name, present)
  } else if (present?.kid !== supersedes) {
    throw new PluginError(
      'azure-vault/not-newest',
      `The key \`${name}\` is not in the version that the upload should supersede; nothing was sent.`,
      {
        found: present?.kid ?? 'no such key',
        expected: supersedes,
        changed: 'nothing',
        advice: 'Find out who rotated this key meanwhile, and begin from the version that is there.',
      },
    )
  }
}

function taken(name: string, { kid }: KeyView): PluginError {
  return new PluginError('azure-vault/name-taken', `The vault already has a key \`${name}\`; nothing was sent.`, {
    found: kid,
    expected: 'a free name: an upload would hide the key that is there behind a new version',
    changed: 'nothing',
    advice: 'Choose another name, or find out where that key comes from.',
  })
}

/** @throws PluginError `azure-vault/not-imported` */
function requireImported(key: KeyView, input: Wanted): KeyView {
  const faults = faultsOf(key, input)
  if (faults.length === 0) return key
  throw new PluginError('azure-vault/not-imported', `The vault took the blob, but \`${input.name}\` is not the key that was asked for.`, {
    found: `${key.kid}: ${faults.join(', ')}`,
    expected: `an enabled RSA-HSM key for ${operations(input).join(', ')} from the blob ${input.blob.sha256}`,
    changed: `${key.kid} is in the vault`,
    advice: 'Do not use this key. Find out who else writes to this vault.',
  })
}

function faultsOf(key: KeyView, input: Wanted): string[] {
  const faults: string[] = []
  if (key.tags[BLOB_TAG] !== input.blob.sha256)
    faults.push(`it came from ${key.tags[BLOB_TAG] ? `the blob ${key.tags[BLOB_TAG]}` : 'no blob of a ceremony'}`)
  if (key.kty !== 'RSA-HSM') faults.push(`its type is ${key.kty}`)
  if (!sameOperations(key.operations, operations(input))) faults.push(`its operations are ${key.operations.join(', ') || 'none'}`)
  if (!key.enabled) faults.push('it is disabled')
  return faults
}

function outputs({ kid, n, e, bits, modulus_sha256 }: KeyView): Static<typeof Output> {
  return { kid, n, e, bits, modulus_sha256 }
}
