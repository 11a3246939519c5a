/** The versions of a key. They are listed, not got: a vault may refuse to show a version that is disabled. */
import type { Context } from '@ceremony/engine/plugin'
import { keysOf } from './clients.ts'
import { serviceError } from './service-error.ts'

export interface KeyVersion {
  readonly kid: string
  readonly enabled: boolean
}

const MOST = 1000

/** @param kid as `KeyId` describes it */
export function partsOf(kid: string): { vault: string; name: string; version: string } {
  const { origin, pathname } = new URL(kid)
  const [, , name = '', version = ''] = pathname.split('/')
  return { vault: origin, name, version }
}

/**
 * @returns the versions of that key, oldest first; none where there is no such key
 * @throws PluginError `azure-vault/refused`, `azure-vault/no-answer`
 */
export async function versionsOf(vault: string, name: string, context: Context): Promise<KeyVersion[]> {
  const keys = await keysOf(vault, context)
  const found: { kid: string; enabled: boolean; created: number }[] = []
  try {
    for await (const { id, enabled, createdOn } of keys.listPropertiesOfKeyVersions(name)) {
      found.push({ kid: id ?? '', enabled: enabled ?? false, created: createdOn?.getTime() ?? 0 })
      if (found.length === MOST) break
    }
  } catch (error) {
    throw serviceError(error, `list the versions of \`${name}\``, 'Check that whoever runs the ceremony may list the vault’s keys.')
  }
  return found.sort((a, b) => a.created - b.created).map(({ kid, enabled }) => ({ kid, enabled }))
}
