/** What the doors need to know of a station's surroundings; comes from the ceremony's setup file. */
import type { Cloud } from '../plugin/contract.ts'

export interface CloudSetup extends Cloud {
  /** A PEM file of the authorities to trust for the cloud's hosts, instead of the system's. */
  readonly ca?: string
  /** `address:port` to connect to for every host of the cloud (a private endpoint, a gateway, a rehearsal's twin). */
  readonly connect?: string
  readonly credential: CredentialSetup
}

export type CredentialSetup =
  | { readonly kind: 'client-secret'; readonly client_id: string; readonly secret: string }
  | { readonly kind: 'azure-cli' }
  | { readonly kind: 'managed-identity'; readonly client_id?: string }

export interface HsmSetup {
  /** Folder of the vendor's programs, such as `/opt/nfast/bin`. */
  readonly tools: string
  /** The PKCS#11 library, such as `/opt/nfast/toolkits/pkcs11/libcknfast.so`. */
  readonly library: string
  /** Variables for the programs and the library; no secrets. */
  readonly environment: Readonly<Record<string, string>>
}
