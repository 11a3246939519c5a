/**
 * Looks at a key transfer blob (`.byok`) before it is sent: the mistakes that people make by hand each get their own answer here,
 * where the service has one code for all of them.
 */
import { type Cloud, PluginError } from '@ceremony/engine/plugin'

const MAX_BYTES = 64 * 1024
/** An RSA-2048 ciphertext and the smallest wrapped RSA-2048 key: nothing shorter can be right. */
const LEAST_CIPHERTEXT = 256 + 1024
const FIELDS = ['schema_version', 'header', 'ciphertext', 'generator']
const HEADER_FIELDS = ['kid', 'alg', 'enc']

export interface Envelope {
  /** The key exchange key, with its version. */
  readonly kid: string
  /** `https://{vault}.{suffix}` */
  readonly vault: string
}

/**
 * @returns for which key exchange key a blob was made
 * @throws PluginError `azure-vault/blob-…` that names the mistake
 */
export function readEnvelope(bytes: Uint8Array, cloud: Cloud): Envelope {
  if (bytes.length > MAX_BYTES) throw wrong('too-long', `${bytes.length} bytes`, `at most ${MAX_BYTES} bytes`)
  const envelope = parse(bytes)
  exactly(envelope, FIELDS, 'the blob')
  if (envelope.schema_version !== '1.0.0')
    throw wrong('schema', `schema_version ${shown(envelope.schema_version)}`, 'schema_version "1.0.0"')
  const { header } = envelope
  if (!isObject(header)) throw wrong('header', `header ${shown(header)}`, 'header: an object with kid, alg and enc')
  exactly(header, HEADER_FIELDS, 'its header')
  if (header.alg !== 'dir') throw wrong('algorithm', `alg ${shown(header.alg)}`, 'alg "dir"')
  if (header.enc !== 'CKM_RSA_AES_KEY_WRAP') throw wrong('algorithm', `enc ${shown(header.enc)}`, 'enc "CKM_RSA_AES_KEY_WRAP"')
  checkCiphertext(envelope.ciphertext)
  return checkKid(header.kid, cloud)
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  const expected = 'a JSON object with schema_version, header, ciphertext and generator'
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    throw wrong('byte-order-mark', 'a byte order mark before the JSON', 'JSON without one')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw wrong('not-json', 'binary data: perhaps the bare ciphertext without its envelope', expected)
  }
  try {
    const parsed: unknown = JSON.parse(text)
    if (isObject(parsed)) return parsed
  } catch {
    // said below
  }
  const bare = /^[A-Za-z0-9+/_=\s-]+$/.test(text)
  throw wrong(
    'not-json',
    bare ? 'base64 text: perhaps the bare ciphertext without its envelope' : `text that begins with ${shown(text.slice(0, 20))}`,
    expected,
  )
}

function exactly(object: Record<string, unknown>, names: readonly string[], where: string): void {
  const missing = names.filter((name) => !(name in object))
  const unknown = Object.keys(object).filter((name) => !names.includes(name))
  if (missing.length > 0) throw wrong('incomplete', `${where} has no ${missing.join(', ')}`, names.join(', '))
  if (unknown.length > 0)
    throw wrong('unknown-field', `${where} has ${unknown.map(shown).join(', ')}`, `${names.join(', ')} and nothing else`)
}

function checkCiphertext(value: unknown): void {
  if (typeof value !== 'string') throw wrong('ciphertext', `ciphertext ${shown(value)}`, 'ciphertext: base64url text')
  if (/[+/=]/.test(value))
    throw wrong('base64', 'a ciphertext in base64 (it has +, / or =)', 'base64url without padding: - and _ in their place, no =')
  if (/\s/.test(value)) throw wrong('ciphertext', 'a ciphertext with spaces or line breaks', 'base64url in one piece')
  const bytes = Buffer.from(value, 'base64url')
  if (bytes.toString('base64url') !== value) throw wrong('ciphertext', 'a ciphertext that is not base64url', 'base64url without padding')
  if (bytes.length < LEAST_CIPHERTEXT || bytes.length % 8 !== 0) {
    throw wrong(
      'ciphertext',
      `a ciphertext of ${bytes.length} bytes`,
      'the wrapped AES key and behind it the wrapped PKCS#8 key, a multiple of 8 bytes',
    )
  }
}

function checkKid(value: unknown, cloud: Cloud): Envelope {
  const expected = `https://<vault>.${cloud.suffixes.vault}/keys/<name>/<version>`
  if (typeof value !== 'string' || !URL.canParse(value)) throw wrong('kid', `kid ${shown(value)}`, expected)
  const { origin, host, pathname } = new URL(value)
  if (/^\/keys\/[0-9A-Za-z-]{1,127}\/?$/.test(pathname)) throw wrong('kid-without-version', `kid ${shown(value)}`, expected)
  if (!/^\/keys\/[0-9A-Za-z-]{1,127}\/[0-9a-f]{32}$/.test(pathname) || value !== origin + pathname)
    throw wrong('kid', `kid ${shown(value)}`, expected)
  if (!origin.startsWith('https:') || host.slice(host.indexOf('.') + 1) !== cloud.suffixes.vault)
    throw wrong('foreign-cloud', `kid ${shown(value)}`, expected)
  return { kid: value, vault: origin }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 200)

function wrong(code: string, found: string, expected: string): PluginError {
  return new PluginError(`azure-vault/blob-${code}`, 'The key transfer blob is not as Azure wants it; it was not sent.', {
    found,
    expected,
    changed: 'nothing',
    advice: 'Make the blob anew with `hsm-ncipher/wrap-for-azure`, or mend the tool that made it.',
  })
}
