/** Takes keys in from outside: key transfer blobs (`key_hsm`), and plain JSON web keys. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { type Json, jsonBody, type Reply, type Route } from '../route.ts'
import type { Twin } from '../twin.ts'
import { bundle } from './bundle.ts'
import { openBlob } from './byok.ts'
import { type Call, operation, requireUsableName } from './call.ts'
import { addVersion, requireFit, requireKeyType } from './create.ts'
import { bad, base64url, field, KEY_BITS, NEW_KEY, settings, text } from './input.ts'

const PRIVATE_PARTS = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const

/** @returns the routes that import keys */
export const importRoutes = (twin: Twin): Route[] => [operation(twin, 'PUT', '/keys/:name', 'import', importKey)]

function importKey(call: Call): Reply {
  const body = jsonBody(call.request)
  const jwk = field(body, 'key')
  const given = text(jwk, 'kty')
  const hsm = body.Hsm ?? body.hsm ?? given.endsWith('-HSM')
  if (typeof hsm !== 'boolean') throw bad('Property Hsm has an invalid value: a boolean is expected.')
  const kty = requireKeyType(call.vault, hsm && given === 'RSA' ? 'RSA-HSM' : given)
  if (kty === 'RSA-HSM' && !hsm) throw bad('A key of type RSA-HSM cannot be imported as a software key.')
  const wanted = settings(body, jwk.key_ops, NEW_KEY)
  requireFit(kty, wanted)
  if (wanted.operations.includes('import')) throw bad('A key exchange key must be created in the vault; it cannot be imported.')
  requireUsableName(call)
  const target = jwk.key_hsm === undefined ? plainKey(jwk) : transferredKey(call, kty, jwk)
  const { type, details } = { type: target.asymmetricKeyType, details: target.asymmetricKeyDetails }
  if (type !== 'rsa') throw bad('The key that was imported is not an RSA key, as kty says.')
  const bits = details?.modulusLength ?? 0
  if (!KEY_BITS.includes(bits)) throw bad(`An RSA key of ${bits} bits is not supported: ${KEY_BITS.join(', ')} bits are expected.`)
  const { key, version } = addVersion(call, 'key/import', kty, bits, wanted, target.export({ type: 'pkcs8', format: 'der' }))
  return { status: 200, body: bundle(call.vault, key, version) }
}

function transferredKey(call: Call, kty: string, jwk: Json): KeyObject {
  if (kty !== 'RSA-HSM') throw bad('Property key_hsm is for keys of type RSA-HSM only.')
  const beside = PRIVATE_PARTS.filter((name) => jwk[name] !== undefined)
  if (beside.length > 0) throw bad(`Property key_hsm cannot stand beside ${beside.join(', ')}.`)
  return openBlob(call.twin.store, call.vault, call.twin.clock.now(), base64url(jwk, 'key_hsm'))
}

function plainKey(jwk: Json): KeyObject {
  const parts = Object.fromEntries(PRIVATE_PARTS.map((name) => [name, base64url(jwk, name).toString('base64url')]))
  try {
    return createPrivateKey({ key: { kty: 'RSA', ...parts }, format: 'jwk' })
  } catch {
    throw bad('The property "key" must be a valid JsonWebKey object.')
  }
}
