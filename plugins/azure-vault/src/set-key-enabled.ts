/** Disables one version of a key, or enables it again: the quickest way to take data away that can be taken back at once. */
import { action, afterEffect, type Context, PluginError, Type } from '@ceremony/engine/plugin'
import { keysOf } from './clients.ts'
import { partsOf, versionsOf } from './key-version.ts'
import { closed, KeyId } from './names.ts'
import { serviceError } from './service-error.ts'

export const setKeyEnabled = action({
  title: 'Disable or enable a version of a key',
  input: Type.Object({ kid: KeyId, enabled: Type.Boolean() }, closed),
  output: Type.Object(
    { kid: KeyId, enabled: Type.Boolean(), changed: Type.Boolean({ description: 'Whether this attempt changed it' }) },
    closed,
  ),
  says: ({ kid, enabled }) =>
    enabled
      ? `Enable the key version ${kid}: what is encrypted under it becomes readable again.`
      : `Disable the key version ${kid}: whatever is encrypted under it becomes unreadable, for everyone, until it is enabled again.`,
  async run({ kid, enabled }, context) {
    if ((await isEnabled(kid, context)) === enabled) return { kid, enabled, changed: false }
    const { vault, name, version } = partsOf(kid)
    const keys = await keysOf(vault, context)
    try {
      await keys.updateKeyProperties(name, version, { enabled })
    } catch (error) {
      throw serviceError(
        error,
        `${enabled ? 'enable' : 'disable'} ${kid}`,
        'Check that whoever runs the ceremony may update the vault’s keys.',
      )
    }
    const now = await afterEffect(`${kid} was ${enabled ? 'enabled' : 'disabled'}`, () => isEnabled(kid, context))
    if (now === enabled) return { kid, enabled, changed: true }
    throw new PluginError('azure-vault/not-changed', `The vault took the change, but ${kid} does not show it.`, {
      found: `enabled: ${!enabled}`,
      expected: `enabled: ${enabled}`,
      changed: 'unknown',
      advice: 'Is somebody else changing this key? Find out, then resume.',
    })
  },
  async reconcile({ kid, enabled }, context) {
    const now = await isEnabled(kid, context)
    const facts = `${kid} is ${now ? 'enabled' : 'disabled'}.`
    return now === enabled ? { verdict: 'done', outputs: { kid, enabled, changed: true }, facts } : { verdict: 'not-done', facts }
  },
})

/** @throws PluginError `azure-vault/no-version` */
async function isEnabled(kid: string, context: Context): Promise<boolean> {
  const { vault, name } = partsOf(kid)
  const found = (await versionsOf(vault, name, context)).find((version) => version.kid === kid)
  if (found) return found.enabled
  throw new PluginError('azure-vault/no-version', `There is no key version ${kid}.`, {
    found: 'no such key or version, or a deleted one',
    expected: 'a key that is there, in this version',
    changed: 'nothing',
    advice: 'Check the identifier; if the key was deleted, recover it.',
  })
}
