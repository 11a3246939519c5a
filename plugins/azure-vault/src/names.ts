/** What the names in this plugin's inputs and outputs look like, by the service's own rules. */
import { Type } from '@ceremony/engine/plugin'

export const closed = { additionalProperties: false }

export const VaultName = Type.String({
  pattern: '^(?!.*--)[a-z][a-z0-9-]{1,22}[a-z0-9]$',
  description: 'Name of the vault, unique in the world',
})

export const VaultUri = Type.String({
  pattern: '^https://[a-z][a-z0-9-]{1,22}[a-z0-9]\\.[a-z0-9][a-z0-9.-]{3,100}$',
  description: 'Address of the vault, as ensure-vault gave it',
})

export const ResourceGroup = Type.String({
  pattern: '^[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]$',
  description: 'Resource group that holds the vault',
})

export const Location = Type.String({ pattern: '^[a-z0-9]{2,40}$', description: 'Azure region in its short form, such as westeurope' })

export const KeyName = Type.String({ pattern: '^[0-9A-Za-z-]{1,127}$', description: 'Name of the key in the vault' })

/** With its version: a name alone may mean another key tomorrow. */
export const KeyId = Type.String({
  pattern: '^https://[a-z0-9.-]+/keys/[0-9A-Za-z-]{1,127}/[0-9a-f]{32}$',
  description: 'Key identifier with its version',
})

export const ObjectId = Type.String({
  pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
  description: 'Object id of an identity in the directory',
})
export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
export const Base64url = Type.String({ pattern: '^[A-Za-z0-9_-]+$' })
export const Bits = Type.Enum([2048, 3072, 4096])

/** The public half of a key exchange key, as the HSM's side takes it. */
export const Kek = Type.Object({ kid: KeyId, n: Base64url, e: Base64url, bits: Bits }, closed)

export const KeyInVault = { vault: VaultUri, name: KeyName }
