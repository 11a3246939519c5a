/** Secrets that only K of N cards together give away (Shamir's scheme). */
import { combine, split } from 'shamir-secret-sharing'

export interface Quorum {
  readonly needed: number
  readonly total: number
}

/** @returns one share for each card */
export async function splitSecret(secret: Uint8Array, { needed, total }: Quorum): Promise<Uint8Array[]> {
  // Where any one card is enough, each card holds the secret: there is nothing to share.
  if (needed === 1) return Array.from({ length: total }, () => Uint8Array.from(secret))
  return split(Uint8Array.from(secret), total, needed)
}

/** @returns the secret, or something else if the shares do not belong together */
export async function joinShares(shares: readonly Uint8Array[]): Promise<Uint8Array> {
  return shares.length === 1 ? shares[0]! : combine(shares.map((share) => Uint8Array.from(share)))
}
