/** What the names in this plugin's inputs look like, by the service's own naming rules. */
import { Type } from '@ceremony/engine/plugin'

export const AccountName = Type.String({ pattern: '^[a-z0-9]{3,24}$', description: 'Name of the storage account' })

export const ResourceGroup = Type.String({
  pattern: '^[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]$',
  description: 'Resource group that holds the account',
})

export const ContainerName = Type.String({ pattern: '^(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$', description: 'Name of the container' })

export const BlobName = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$', description: 'Name of the blob' })

export const KeyId = Type.String({
  pattern: '^https://[a-z][a-z0-9-]{1,22}[a-z0-9]\\.[a-z0-9.-]+/keys/[A-Za-z0-9-]{1,127}/[0-9a-f]{32}$',
  description: 'Key identifier with its version, as the vault gave it',
})

export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })

export const Guid = Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' })
