/** Deleted keys, and the time it takes until a vault has made up its mind about one. */

import type { DeletedKey } from '@azure/keyvault-keys'
import { type Context, PluginError } from '@ceremony/engine/plugin'
import { keysOf } from './clients.ts'
import { findKey, type KeyView } from './key-view.ts'
import { refusedOf, serviceError } from './service-error.ts'

const LOOK_EVERY_MS = 2000
const LOOKS = 30

/**
 * @returns undefined where no deleted key has that name
 * @throws PluginError `azure-vault/refused`, `azure-vault/no-answer`
 */
export async function findDeletedKey(vault: string, name: string, context: Context): Promise<DeletedKey | undefined> {
  const keys = await keysOf(vault, context)
  try {
    return await keys.getDeletedKey(name)
  } catch (error) {
    if (refusedOf(error)?.code === 'KeyNotFound') return undefined
    throw serviceError(error, `show the deleted key \`${name}\``, 'Check who may read the vault’s keys.')
  }
}

/** Like findDeletedKey, but it must be there. @throws PluginError `azure-vault/not-deleted` */
export async function requireDeletedKey(vault: string, name: string, context: Context): Promise<DeletedKey> {
  const found = await findDeletedKey(vault, name, context)
  if (found) return found
  throw new PluginError('azure-vault/not-deleted', `There is no deleted key \`${name}\` in ${vault}.`, {
    found: 'no deleted key of that name',
    expected: 'a key that was deleted and can still be recovered',
    changed: 'nothing',
    advice: 'Check the name and the vault; perhaps the key was recovered already.',
  })
}

/**
 * Where a key stands. While a deletion or a recovery settles, the key is to be seen nowhere; this waits for the end of it.
 * @returns neither field where it is to be seen nowhere even after a minute
 */
export async function whereIs(vault: string, name: string, context: Context): Promise<{ live?: KeyView; deleted?: DeletedKey }> {
  for (let look = 1; ; look++) {
    const live = await findKey(vault, name, context)
    if (live) return { live }
    const deleted = await findDeletedKey(vault, name, context)
    if (deleted) return { deleted }
    if (look === LOOKS) return {}
    await context.clock.sleep(LOOK_EVERY_MS)
  }
}
