/** The Azure clients, loaded where they are used: each costs a tenth of a second. */
import type { KeyClient } from '@azure/keyvault-keys'
import { type Context, PluginError } from '@ceremony/engine/plugin'

/**
 * @returns a client for the keys of that vault; it checks that the vault's challenge names the vault's own domain
 * @throws PluginError `azure-vault/foreign-vault`
 */
export async function keysOf(vault: string, context: Context): Promise<KeyClient> {
  requireOwnVault(vault, context)
  const { KeyClient } = await import('@azure/keyvault-keys')
  return new KeyClient(vault, context.http.credential, { httpClient: context.http.client })
}

/** @returns the operations on vaults that this plugin uses, and the client that they take first */
export async function vaultManagement(context: Context) {
  const [{ createKeyVaultManagement }, operations] = await Promise.all([
    import('@azure/arm-keyvault/api'),
    import('@azure/arm-keyvault/api/vaults'),
  ])
  const { resourceManager, subscription } = context.cloud
  const management = createKeyVaultManagement(context.http.credential, subscription, {
    endpoint: resourceManager,
    credentials: { scopes: [`${resourceManager}/.default`] },
    httpClient: context.http.client,
  })
  return { management, ...operations }
}

/** @returns the address of a vault by its name */
export const vaultUri = (name: string, context: Context): string => `https://${name}.${context.cloud.suffixes.vault}`

function requireOwnVault(vault: string, context: Context): void {
  const { host } = new URL(vault)
  const suffix = context.cloud.suffixes.vault
  if (host.slice(host.indexOf('.') + 1) === suffix) return
  throw new PluginError('azure-vault/foreign-vault', 'The address is not that of a vault of this cloud.', {
    found: host,
    expected: `<name>.${suffix}`,
    changed: 'nothing',
    advice: 'Use the address that `ensure-vault` returned, or correct the cloud’s suffix in the setup.',
  })
}
