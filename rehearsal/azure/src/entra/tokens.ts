/** Access tokens: signed JWTs that each service checks for itself. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { errors, type JWK, jwtVerify, SignJWT } from 'jose'
import type { Clock } from '../clock.ts'
import type { Principal } from '../route.ts'
import type { Store } from '../store.ts'

/** Seconds of a client's own, unscaled time for which a token is good. */
const LIFETIME_S = 3600

export interface Tokens {
  readonly issuer: string
  /** The public half of the signing key, as the key discovery document has it. */
  readonly jwk: JWK
  /** @returns a token for that audience, and how many seconds of the client's time it lasts */
  issue(principal: { objectId: string; appId: string }, audience: string): Promise<{ token: string; expiresIn: number }>
  /** @throws TokenFault */
  check(authorization: string | undefined, audiences: readonly string[]): Promise<Principal>
  /** From now on, that token counts as expired. */
  expire(authorization: string): void
}

/** What is wrong with a token; each service has its own words for it. */
export class TokenFault extends Error {
  readonly fault: 'missing' | 'malformed' | 'audience' | 'expired' | 'issuer' | 'signature'
  /** The audience that the token has. */
  readonly found: string

  constructor(fault: TokenFault['fault'], found = '') {
    super(`token: ${fault}`)
    this.fault = fault
    this.found = found
  }
}

/** @returns the tokens of one tenant, signed by a key that the store keeps */
export function tokensOf(tenant: string, store: Store, clock: Clock): Tokens {
  const key = signingKey(store)
  const publicKey = createPublicKey(key)
  const kid = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
    .slice(0, 27)
  const expired = new Set<string>()
  const issuer = `https://sts.azure.test/${tenant}/`
  return {
    issuer,
    jwk: { ...(publicKey.export({ format: 'jwk' }) as JWK), kid, x5t: kid, use: 'sig', alg: 'RS256' },
    async issue({ objectId, appId }, audience) {
      const now = Math.floor(clock.now() / 1000)
      const claims = {
        appid: appId,
        appidacr: '1',
        idp: issuer,
        idtyp: 'app',
        oid: objectId,
        sub: objectId,
        tid: tenant,
        uti: randomUUID(),
        ver: '1.0',
      }
      const token = await new SignJWT(claims)
        .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid, x5t: kid })
        .setAudience(audience)
        .setIssuer(issuer)
        .setIssuedAt(now)
        .setNotBefore(now)
        // The client counts its own seconds; the twin's go by `scale` times as fast.
        .setExpirationTime(now + LIFETIME_S * clock.scale)
        .sign(key)
      return { token, expiresIn: LIFETIME_S - 1 }
    },
    async check(authorization, audiences) {
      const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1]
      if (token === undefined) throw new TokenFault(authorization === undefined ? 'missing' : 'malformed')
      if (expired.has(authorization!)) throw new TokenFault('expired')
      try {
        const { payload } = await jwtVerify(token, publicKey, {
          algorithms: ['RS256'],
          issuer,
          audience: audiences.flatMap((audience) => [audience, `${audience}/`]),
          currentDate: new Date(clock.now()),
          requiredClaims: ['exp', 'oid', 'appid'],
        })
        return { objectId: String(payload.oid), appId: String(payload.appid), tenant, issuer }
      } catch (error) {
        throw faultOf(error)
      }
    },
    expire: (authorization) => void expired.add(authorization),
  }
}

function faultOf(error: unknown): TokenFault {
  if (error instanceof errors.JWTExpired) return new TokenFault('expired')
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return new TokenFault('audience', String(error.payload.aud))
    return new TokenFault(error.claim === 'iss' ? 'issuer' : 'malformed')
  }
  return new TokenFault(error instanceof errors.JWSSignatureVerificationFailed ? 'signature' : 'malformed')
}

function signingKey(store: Store): KeyObject {
  const keys = store.table<{ pkcs8: string }>('signing-keys')
  if (!keys.get('current')) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64')
    store.commit({ principal: 'twin', operation: 'signing-key/create', resource: 'current' }, keys.put('current', { pkcs8 }))
  }
  return createPrivateKey({ key: Buffer.from(keys.get('current')!.pkcs8, 'base64'), type: 'pkcs8', format: 'der' })
}
