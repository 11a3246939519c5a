/** Key identifiers: `https://{vault}.{suffix}/keys/{name}/{version}`. */
import { type Cloud, PluginError } from '@ceremony/engine/plugin'

export interface KeyId {
  /** `https://{vault}.{suffix}` without a slash at the end. */
  readonly vaultUri: string
  readonly name: string
  readonly version: string
}

/**
 * Takes a key identifier apart.
 * @throws PluginError `azure-storage/foreign-key` if the key is not in a vault of this cloud
 */
export function parseKeyId(kid: string, cloud: Cloud): KeyId {
  const url = new URL(kid)
  const [, , name = '', version = ''] = url.pathname.split('/')
  if (!url.host.endsWith(`.${cloud.suffixes.vault}`)) {
    throw new PluginError('azure-storage/foreign-key', 'The key is not in a vault of this cloud.', {
      found: url.host,
      expected: `a vault below ${cloud.suffixes.vault}`,
      changed: 'nothing',
      advice: 'Use the key identifier that the upload of the key returned.',
    })
  }
  return { vaultUri: url.origin, name, version }
}
