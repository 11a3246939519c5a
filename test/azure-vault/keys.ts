/** What several tests of the plugin need. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import plugin from '../../plugins/azure-vault/src/index.ts'
import { actionsOf } from '../azure-actions.ts'

export const { run, reconcile } = actionsOf(plugin)

/** @returns the digest that tells whether two keys are the same */
export function modulusDigest(key: KeyObject): string {
  const { n } = createPublicKey(key).export({ format: 'jwk' })
  return createHash('sha256').update(Buffer.from(n!, 'base64url')).digest('hex')
}
