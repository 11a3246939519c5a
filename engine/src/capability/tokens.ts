/** Real access tokens for the cloud, from `@azure/identity`. They go onto the wire and nowhere else. */
import { readFileSync } from 'node:fs'
import type { TokenCredential } from '@azure/core-auth'
import type { HttpClient } from '@azure/core-rest-pipeline'
import { PluginError } from '../plugin/contract.ts'
import type { SecretsAndHands } from './people.ts'
import type { CloudSetup } from './setup.ts'

export interface Tokens {
  /** @throws PluginError `http/no-token`, `secret/not-given` */
  get(scope: string): Promise<string>
  /** The service took a token for expired before its time: none that was issued so far is given out again. */
  renew(): void
}

/** Makes a credential that knows of no token yet. */
type Credentials = () => TokenCredential

/**
 * @param transport sends the requests of the identity library
 * @returns the tokens of one cloud; they are cached and renewed by `@azure/identity`
 */
export function tokensFor(cloud: CloudSetup, people: SecretsAndHands, transport: HttpClient): Tokens {
  let credentials: Promise<Credentials> | undefined
  let credential: TokenCredential | undefined
  const get = async (scope: string): Promise<string> => {
    // The officer is asked for the secret once; a new credential is made from the same.
    credentials ??= credentialsOf(cloud, people, transport)
    try {
      credential ??= (await credentials)()
      const token = await credential.getToken(scope)
      if (token) return token.token
      throw new Error('no token was issued')
    } catch (error) {
      credentials = undefined
      credential = undefined
      if (error instanceof PluginError) throw error
      throw new PluginError('http/no-token', `${cloud.authority} gave no token for ${scope}.`, {
        found: (error as Error).message.split('\n')[0] ?? '',
        expected: `a token for the credential of kind ${cloud.credential.kind} in tenant ${cloud.tenant}`,
        changed: 'nothing',
        advice: 'Check the credential, its secret and the tenant in the setup, then resume.',
        cause: error,
      })
    }
  }
  return {
    get,
    renew: () => {
      credential = undefined
    },
  }
}

async function credentialsOf(cloud: CloudSetup, people: SecretsAndHands, transport: HttpClient): Promise<Credentials> {
  const identity = await import('@azure/identity')
  const { credential } = cloud
  const options = {
    authorityHost: cloud.authority,
    httpClient: transport,
    // Instance discovery asks Microsoft's public cloud about the authority; an authority from our own setup needs no such asking.
    disableInstanceDiscovery: true,
    ...(cloud.ca ? { tlsOptions: { ca: readFileSync(cloud.ca) } } : {}),
  }
  switch (credential.kind) {
    case 'client-secret': {
      const ask = `Client secret of application ${credential.client_id}`
      const secret = await people.secret({ secret: credential.secret, ask }, 1)
      if (secret === undefined) {
        throw new PluginError('secret/not-given', `Nobody gave the secret \`${credential.secret}\`.`, {
          found: 'no answer',
          expected: ask,
          changed: 'nothing',
          advice: 'Have the person at hand who holds it, then resume.',
        })
      }
      return () => new identity.ClientSecretCredential(cloud.tenant, credential.client_id, secret, options)
    }
    case 'azure-cli':
      return () => new identity.AzureCliCredential({ tenantId: cloud.tenant })
    case 'managed-identity':
      return () => new identity.ManagedIdentityCredential(credential.client_id ? { clientId: credential.client_id, ...options } : options)
  }
}
