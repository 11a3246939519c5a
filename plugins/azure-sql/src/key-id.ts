/** Key identifiers, and the names that SQL gives to keys: `{vault}_{key}_{version}`. */
import { type Cloud, PluginError } from '@ceremony/engine/plugin'

/**
 * @returns the name under which a server knows a key of a vault
 * @throws PluginError `azure-sql/foreign-key` if the key is not in a vault of this cloud
 */
export function serverKeyName(kid: string, cloud: Cloud): string {
  const url = new URL(kid)
  const suffix = `.${cloud.suffixes.vault}`
  if (!url.host.endsWith(suffix)) {
    throw new PluginError('azure-sql/foreign-key', 'The key is not in a vault of this cloud.', {
      found: url.host,
      expected: `a vault below ${cloud.suffixes.vault}`,
      changed: 'nothing',
      advice: 'Use the key identifier that the upload of the key returned.',
    })
  }
  const [, , name, version] = url.pathname.split('/')
  return `${url.host.slice(0, -suffix.length)}_${name}_${version}`
}
