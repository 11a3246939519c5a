/** The key transfer package: the JSON envelope of Azure's bring-your-own-key specification, schema 1.0.0. */
import { type Pkcs11Session, PluginError } from '@ceremony/engine/plugin'
import type { CheckedKek } from './key-exchange-key.ts'
import type { Wrapped } from './wrap.ts'

/**
 * @param bits size of the target key
 * @returns the bytes of the `.byok` file
 * @throws PluginError `hsm/wrapped-length` when the parts cannot be what they should be
 */
export function packageFor(kek: CheckedKek, wrapped: Wrapped, bits: number, token: Pkcs11Session['token']): Buffer {
  checkLengths(kek, wrapped, bits)
  const { manufacturer, model, firmware, library } = token
  const envelope = {
    schema_version: '1.0.0',
    header: { kid: kek.kid, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' },
    ciphertext: Buffer.concat([wrapped.encryptedAesKey, wrapped.wrappedKey]).toString('base64url'),
    generator: `ceremony hsm-ncipher; ${manufacturer} ${model}, firmware ${firmware}; ${library}`,
  }
  return Buffer.from(`${JSON.stringify(envelope, null, 2)}\n`)
}

/** A private RSA key in PKCS#8 is its modulus and eight more numbers, four and a half times the modulus's length, and some framing. */
function checkLengths(kek: CheckedKek, { encryptedAesKey, wrappedKey }: Wrapped, bits: number): void {
  const least = (bits / 8) * 4.5
  const most = least + 160
  const fits =
    encryptedAesKey.length === kek.bits / 8 && wrappedKey.length % 8 === 0 && wrappedKey.length > least && wrappedKey.length < most
  if (fits) return
  throw new PluginError('hsm/wrapped-length', 'The HSM wrapped something of another length than this key can have.', {
    found: `${encryptedAesKey.length} bytes of encrypted AES key, ${wrappedKey.length} bytes of wrapped key`,
    expected: `${kek.bits / 8} bytes, and a multiple of 8 between ${least} and ${most}`,
    changed: 'nothing',
    advice: 'Do not use the package; report this to the maintainers of the plugin.',
  })
}
