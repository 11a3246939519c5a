/** Key identifiers, and the names that SQL gives to keys: `{vault}_{key}_{version}`. */
import { type Cloud, PluginError } from '@ceremony/engine/plugin'

/**
 * @returns the name under which a server knows a key of a vault
 * @throws PluginError `azure-sql/foreign-key` if the key is not in a vault of this cloud
 */
export function serverKeyName(kid: string, cloud: Cloud): string {
  const { host, pathname } = new URL(kid)
  const [vault = '', ...domain] = host.split('.')
  if (domain.join('.') !== cloud.suffixes.vault) {
    throw new PluginError('azure-sql/foreign-key', 'The key is not in a vault of this cloud.', {
      found: host,
      expected: `a vault below ${cloud.suffixes.vault}`,
      changed: 'nothing',
      advice: 'Use the key identifier that the upload of the key returned.',
    })
  }
  const [, , name, version] = pathname.split('/')
  return `${vault}_${name}_${version}`
}

/** @returns whether both name the same version of the same key: names in vaults are the same in either case */
export function isSameKey(found: string | undefined, kid: string): boolean {
  return found?.toLowerCase() === kid.toLowerCase()
}
