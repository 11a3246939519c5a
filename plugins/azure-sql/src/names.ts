/** What the names in this plugin's inputs look like, by the service's own naming rules. */
import { Type } from '@ceremony/engine/plugin'

export const ServerName = Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$', description: 'Name of the logical SQL server' })

export const ResourceGroup = Type.String({
  pattern: '^[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]$',
  description: 'Resource group that holds the server',
})

export const DatabaseName = Type.String({
  pattern: '^[^<>*%&:\\\\/?\\u0000-\\u001f]{0,127}[^<>*%&:\\\\/?\\u0000-\\u001f. ]$',
  description: 'Name of the database',
})

export const KeyId = Type.String({
  pattern: '^https://[a-z][a-z0-9-]{1,22}[a-z0-9]\\.[a-z0-9.-]+/keys/[A-Za-z0-9-]{1,127}/[0-9a-f]{32}$',
  description: 'Key identifier with its version, as the vault gave it',
})

export const Guid = Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' })

/** The inputs that every action on a server has. */
export const onServer = { server: ServerName, 'resource-group': ResourceGroup }
