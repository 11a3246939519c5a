/** Puts a storage account under a key of a vault. */
import type { StorageAccount } from '@azure/arm-storage'
import { action, type Cloud, PluginError, Type } from '@ceremony/engine/plugin'
import { readAccount, updateAccount } from './account.ts'
import { type KeyId as ParsedKeyId, parseKeyId } from './key-id.ts'
import { AccountName, KeyId, ResourceGroup } from './names.ts'

const Input = Type.Object(
  {
    account: AccountName,
    'resource-group': ResourceGroup,
    kid: KeyId,
    'follow-newest': Type.Optional(
      Type.Boolean({ default: false, description: 'Follow the newest version of the key instead of keeping to the one named' }),
    ),
  },
  { additionalProperties: false },
)
const Output = Type.Object(
  {
    account: AccountName,
    key_vault_uri: Type.String(),
    key_name: Type.String(),
    key_version: Type.Union([Type.String(), Type.Null()], { description: 'Null where the newest version is followed' }),
    key_source: Type.Literal('Microsoft.Keyvault'),
  },
  { additionalProperties: false },
)

const ADVICE =
  'The account’s identity needs get, wrapKey and unwrapKey on the vault (a new grant takes minutes to be known everywhere), ' +
  'the vault needs soft delete and purge protection, and the key must be an enabled RSA key of 2048, 3072 or 4096 bits. Then run the step again.'

export const setCustomerKey = action({
  title: 'Encrypt a storage account with a key of one’s own',
  input: Input,
  output: Output,
  says: (input) =>
    `Put storage account \`${input.account}\` under the key ${input.kid}, ` +
    `${input['follow-newest'] ? 'following its newest version' : 'in this version'}.`,
  async run(input, context) {
    const key = wanted(input, context.cloud)
    await updateAccount(
      input,
      {
        encryption: {
          keySource: 'Microsoft.Keyvault',
          keyVaultProperties: { keyVaultUri: key.vaultUri, keyName: key.name, keyVersion: key.version },
          services: { blob: { enabled: true, keyType: 'Account' }, file: { enabled: true, keyType: 'Account' } },
        },
      },
      `put account \`${input.account}\` under key ${input.kid}`,
      ADVICE,
      context,
    )
    const found = inForce(await readAccount(input, context))
    if (matches(found, key)) return outputs(input.account, key)
    throw new PluginError('azure-storage/other-key', `Account \`${input.account}\` is not under the key that was set.`, {
      found: JSON.stringify(found),
      expected: JSON.stringify(key),
      changed: 'The account’s encryption settings.',
      advice: 'Find out who else changes this account, then run the step again.',
    })
  },
  async reconcile(input, context) {
    const key = wanted(input, context.cloud)
    const found = inForce(await readAccount(input, context))
    const facts = `Account ${input.account} is encrypted under ${JSON.stringify(found)}.`
    return matches(found, key) ? { verdict: 'done', outputs: outputs(input.account, key), facts } : { verdict: 'not-done', facts }
  },
})

/** The key as the account's settings name it: an empty version means the newest. */
function wanted(input: { kid: string; 'follow-newest'?: boolean }, cloud: Cloud): ParsedKeyId {
  const key = parseKeyId(input.kid, cloud)
  return input['follow-newest'] ? { ...key, version: '' } : key
}

function inForce(account: StorageAccount): { source: string } & ParsedKeyId {
  const { keySource = '', keyVaultProperties = {} } = account.encryption ?? {}
  const { keyVaultUri = '', keyName = '', keyVersion = '' } = keyVaultProperties
  return { source: keySource, vaultUri: keyVaultUri.replace(/\/$/, ''), name: keyName, version: keyVersion }
}

function matches(found: ReturnType<typeof inForce>, key: ParsedKeyId): boolean {
  return (
    found.source.toLowerCase() === 'microsoft.keyvault' &&
    found.vaultUri === key.vaultUri &&
    found.name === key.name &&
    found.version === key.version
  )
}

function outputs(account: string, key: ParsedKeyId) {
  return {
    account,
    key_vault_uri: key.vaultUri,
    key_name: key.name,
    key_version: key.version || null,
    key_source: 'Microsoft.Keyvault' as const,
  }
}
