/** What the engine needs of people while a plugin runs: their secrets and their hands. */
import type { HandsRequest, SecretRequest } from '../plugin/contract.ts'

export interface SecretsAndHands {
  /**
   * @param attempt 1 at first; more when the value given before was wrong
   * @returns the secret, or undefined when nobody can give it
   */
  secret(request: SecretRequest, attempt: number): Promise<string | undefined>
  /** Has something done by hand. */
  hands(request: HandsRequest): Promise<{ readonly done: true } | { readonly done: false; readonly reason: string }>
}
