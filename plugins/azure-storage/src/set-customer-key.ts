/** Puts a storage account under a key of a vault. */
import type { StorageAccount, StorageAccountUpdateParameters } from '@azure/arm-storage'
import { action, afterEffect, type Cloud, type Context, PluginError, type Static, Type } from '@ceremony/engine/plugin'
import { readAccount, updateAccount } from './account.ts'
import { type KeyId as ParsedKeyId, parseKeyId } from './key-id.ts'
import { AccountName, KeyId, ResourceGroup } from './names.ts'
import { codeOf } from './service-error.ts'

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
    kid_in_use: Type.Union([Type.String(), Type.Null()], {
      description: 'The version that wraps the data key now, where the service says',
    }),
  },
  { additionalProperties: false },
)

/** For so long may a new grant take to be known everywhere; until then the first tries fail. */
const SPREADS_MS = 10 * 60_000
const EVERY_MS = 30_000

export const setCustomerKey = action({
  title: 'Encrypt a storage account with a key of one’s own',
  input: Input,
  output: Output,
  says: (input) =>
    `Put storage account \`${input.account}\` under the key ${input.kid}, ` +
    `${input['follow-newest'] ? 'following its newest version' : 'in this version'}.`,
  async run(input, context) {
    const key = wanted(input, context.cloud)
    const before = await readAccount(input, context)
    if (matches(inForce(before), key)) return outputs(input.account, key, before)
    requireIdentity(before, input.account)
    await patiently(input, () => put(input, key, context), context)
    const after = await afterEffect(`account \`${input.account}\` was put under ${input.kid}`, () => readAccount(input, context))
    if (matches(inForce(after), key) && wrapsWith(after, key)) return outputs(input.account, key, after)
    throw new PluginError('azure-storage/other-key', `Account \`${input.account}\` is not under the key that was set.`, {
      found: shown(after),
      expected: input.kid,
      changed: 'The account’s encryption settings.',
      advice: 'Find out who else changes this account, then run the step again.',
    })
  },
  async reconcile(input, context) {
    const key = wanted(input, context.cloud)
    const account = await readAccount(input, context)
    const facts = `Account ${input.account} is encrypted under ${shown(account)}.`
    if (!matches(inForce(account), key) || !wrapsWith(account, key)) return { verdict: 'not-done', facts }
    return { verdict: 'done', outputs: outputs(input.account, key, account), facts }
  },
})

type Wanted = Static<typeof Input>

function put(input: Wanted, key: ParsedKeyId, context: Context): Promise<void> {
  const service = { enabled: true, keyType: 'Account' }
  const change: StorageAccountUpdateParameters = {
    encryption: {
      keySource: 'Microsoft.Keyvault',
      keyVaultProperties: { keyVaultUri: key.vaultUri, keyName: key.name, keyVersion: key.version },
      services: { blob: service, file: service },
    },
  }
  const advice = 'Check that whoever runs the ceremony may change the account (role Storage Account Contributor).'
  return updateAccount(input, change, `put account \`${input.account}\` under key ${input.kid}`, advice, context)
}

/** Tries again while the vault may just not have heard yet of the account's grant. */
async function patiently(input: Wanted, act: () => Promise<void>, context: Context): Promise<void> {
  const giveUp = context.clock.now().getTime() + SPREADS_MS
  for (;;) {
    try {
      return await act()
    } catch (error) {
      const notKnownYet = error instanceof PluginError && codeOf(error.cause) === 'KeyVaultAuthenticationFailure'
      if (!notKnownYet || context.clock.now().getTime() >= giveUp) throw error
      context.log(`The vault does not let account ${input.account} use the key yet; a new grant takes minutes. Asking again in 30 s.`)
      await context.clock.sleep(EVERY_MS)
    }
  }
}

/** @throws PluginError where the identity that the ceremony grants access to is not the one that the account would ask with */
function requireIdentity(account: StorageAccount, name: string): void {
  const userAssigned = account.encryption?.encryptionIdentity?.encryptionUserAssignedIdentity
  if (userAssigned) {
    throw new PluginError('azure-storage/other-identity', `Account \`${name}\` goes to vaults with a user-assigned identity.`, {
      found: userAssigned,
      expected: 'the account’s own, system-assigned identity',
      changed: 'nothing',
      advice: 'Set the account’s encryption to its system-assigned identity first, or choose another account.',
    })
  }
  if (account.identity?.type?.includes('SystemAssigned')) return
  throw new PluginError('azure-storage/no-identity', `Account \`${name}\` has no identity of its own, so no vault can let it use a key.`, {
    found: account.identity?.type ?? 'no identity',
    expected: 'a system-assigned identity that the key’s vault lets in',
    changed: 'nothing',
    advice: 'Run `azure-storage/assign-identity` and `azure-vault/grant` first.',
  })
}

/** The key as the account's settings name it: an empty version means the newest. */
function wanted(input: Wanted, cloud: Cloud): ParsedKeyId {
  const key = parseKeyId(input.kid, cloud)
  return input['follow-newest'] ? { ...key, version: '' } : key
}

function inForce(account: StorageAccount): { source: string } & ParsedKeyId {
  const { keySource = '', keyVaultProperties } = account.encryption ?? {}
  const { keyVaultUri = '', keyName = '', keyVersion = '' } = keyVaultProperties ?? {}
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

const kidInUse = (account: StorageAccount): string | null => account.encryption?.keyVaultProperties?.currentVersionedKeyIdentifier ?? null

/** Where the service says which version wraps the data key, it must be of this key, and this version if one is kept to. */
function wrapsWith(account: StorageAccount, key: ParsedKeyId): boolean {
  const kid = kidInUse(account)
  return kid === null || (key.version === '' ? kid.startsWith(`${key.vaultUri}/keys/${key.name}/`) : kid.endsWith(`/${key.version}`))
}

function shown(account: StorageAccount): string {
  const { source, vaultUri, name, version } = inForce(account)
  return name === '' ? `a key of the service (${source})` : `${vaultUri}/keys/${name}${version === '' ? ', newest version' : `/${version}`}`
}

function outputs(account: string, key: ParsedKeyId, seen: StorageAccount) {
  return {
    account,
    key_vault_uri: key.vaultUri,
    key_name: key.name,
    key_version: key.version || null,
    key_source: 'Microsoft.Keyvault' as const,
    kid_in_use: kidInUse(seen),
  }
}
