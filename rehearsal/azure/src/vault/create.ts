/** Makes keys inside the vault. */
import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { type Json, jsonBody, Refusal, type Reply, type Route } from '../route.ts'
import type { Twin } from '../twin.ts'
import { bundle } from './bundle.ts'
import { type Call, commitKey, operation, requireUsableName } from './call.ts'
import { bad, KEY_BITS, NEW_KEY, type Settings, settings, text } from './input.ts'
import { type Key, type KeyVersion, putKey } from './key.ts'
import type { Vault } from './vault.ts'

/** @returns the routes that make keys */
export const createRoutes = (twin: Twin): Route[] => [operation(twin, 'POST', '/keys/:name/create', 'create', createKey)]

async function createKey(call: Call): Promise<Reply> {
  const body = jsonBody(call.request)
  const kty = requireKeyType(call.vault, text(body, 'kty'))
  const bits = keyBits(body)
  const wanted = settings(body, body.key_ops, NEW_KEY)
  requireFit(kty, wanted)
  requireUsableName(call)
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: bits, publicExponent: 0x10001 })
  const { key, version } = addVersion(call, 'key/create', kty, bits, wanted, privateKey.export({ type: 'pkcs8', format: 'der' }))
  return { status: 200, body: bundle(call.vault, key, version) }
}

/**
 * Adds a version to the key of that name, making the key if there is none.
 * @throws Refusal 409 for a name that is not free
 */
export function addVersion(
  call: Call,
  effect: string,
  kty: KeyVersion['kty'],
  bits: number,
  wanted: Settings,
  pkcs8: Buffer,
): { key: Key; version: KeyVersion } {
  const before = requireUsableName(call)
  const now = call.twin.clock.now()
  const id = randomBytes(16).toString('hex')
  const version: KeyVersion = { id, kty, bits, ...wanted, created: now, updated: now, privateKey: pkcs8.toString('base64') }
  const key: Key = before
    ? { ...before, versions: [...before.versions, version] }
    : { vault: call.vault.name, name: call.name, versions: [version], deleted: null, recoveredAt: null }
  commitKey(call, effect, key, version, putKey(call.twin.store, key))
  return { key, version }
}

/** @throws Refusal BadParameter, or NotImplemented for what the twin has not got */
export function requireKeyType(vault: Vault, kty: string): KeyVersion['kty'] {
  if (kty === 'EC' || kty === 'EC-HSM') throw new Refusal(501, 'NotImplemented', 'The twin holds RSA keys only.')
  if (kty !== 'RSA' && kty !== 'RSA-HSM')
    throw bad(`Property kty has an invalid value: '${kty.slice(0, 40)}' is not a key type of this vault.`)
  if (kty === 'RSA-HSM' && vault.sku !== 'premium') throw bad('Hardware key operation not allowed on standard vault')
  return kty
}

/** @throws Refusal BadParameter for operations that a key of that type cannot have */
export function requireFit(kty: KeyVersion['kty'], { operations }: Settings): void {
  if (operations.includes('import') && kty !== 'RSA-HSM') throw bad('The key operation "import" is for keys of type RSA-HSM only.')
}

function keyBits(body: Json): number {
  const bits = body.key_size ?? 2048
  if (!KEY_BITS.includes(bits as number)) throw bad(`Property key_size has an invalid value: ${KEY_BITS.join(', ')} bits are expected.`)
  if (body.public_exponent !== undefined && body.public_exponent !== 65537)
    throw bad('Property public_exponent is not supported in vaults.')
  return bits as number
}
