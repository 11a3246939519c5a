/** An officer's key while it is locked: whose it is, and how it is made to sign once. */

export interface OfficerKey {
  /** SHA-256 of the SubjectPublicKeyInfo (DER), hex. */
  readonly keyid: string
  /** SubjectPublicKeyInfo, PEM. */
  readonly publicKey: string
  /** The file, or the card, for people to find it. */
  readonly where: string
  /** What unlocks it; `reader`: the PIN is typed at the card's own reader, and no secret passes this machine. */
  readonly unlockedBy: 'passphrase' | 'PIN' | 'reader'
  /**
   * Unlocks the key, signs once and locks it again.
   * @param secret the passphrase or PIN; empty where the reader takes it
   * @returns 64 bytes of Ed25519, or an ECDSA signature in DER: P-256 over SHA-256, P-384 over SHA-384
   * @throws WrongSecretError when the passphrase or PIN is another one
   * @throws Error when the key cannot be used
   */
  sign(message: Uint8Array, secret: string): Promise<Uint8Array>
}

/** The passphrase or PIN does not open the key; the message says so, and how many tries are left where that is known. */
export class WrongSecretError extends Error {
  override readonly name = 'WrongSecretError'
}
