/** Storage accounts through Resource Manager. */
import type { StorageAccount, StorageAccountUpdateParameters } from '@azure/arm-storage'
import type { Context } from '@ceremony/engine/plugin'
import { serviceError } from './service-error.ts'

export interface AccountRef {
  readonly account: string
  readonly 'resource-group': string
}

/** Loads only the operations on accounts: the whole client costs every start of the plugin a tenth of a second. */
async function operations(context: Context) {
  const [{ createStorageManagement }, { getProperties, update }] = await Promise.all([
    import('@azure/arm-storage/api'),
    import('@azure/arm-storage/api/storageAccounts'),
  ])
  const { resourceManager, subscription } = context.cloud
  const management = createStorageManagement(context.http.credential, subscription, {
    endpoint: resourceManager,
    credentials: { scopes: [`${resourceManager}/.default`] },
    httpClient: context.http.client,
  })
  return { management, getProperties, update }
}

/** @throws PluginError `azure-storage/refused`, `azure-storage/no-answer` */
export async function readAccount(ref: AccountRef, context: Context): Promise<StorageAccount> {
  const { management, getProperties } = await operations(context)
  try {
    return await getProperties(management, ref['resource-group'], ref.account)
  } catch (error) {
    throw serviceError(
      error,
      `show account \`${ref.account}\``,
      'Check the names of the account and its resource group, and who may read it.',
    )
  }
}

/** @throws PluginError `azure-storage/refused`, `azure-storage/no-answer` */
export async function updateAccount(
  ref: AccountRef,
  change: StorageAccountUpdateParameters,
  doing: string,
  advice: string,
  context: Context,
): Promise<void> {
  const { management, update } = await operations(context)
  try {
    await update(management, ref['resource-group'], ref.account, change)
  } catch (error) {
    throw serviceError(error, doing, advice)
  }
}
