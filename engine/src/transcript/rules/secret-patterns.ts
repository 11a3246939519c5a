/**
 * What secrets look like that could have slipped into a transcript. Each pattern is narrow, because an alarm that rings for
 * nothing is switched off, and each is searched in linear time.
 */

export interface SecretPattern {
  /** In words, for the finding; the secret itself is never shown. */
  readonly kind: string
  /** Over text in which each character is a byte. */
  readonly pattern: RegExp
}

/** Beginnings of private keys in DER that no public key shares, in hex. */
const DER: readonly (readonly [string, readonly string[]])[] = [
  [
    'a private key (PKCS#8)',
    [
      '300d06092a864886f70d01010105000482', // RSA
      '301306072a8648ce3d020106082a8648ce3d030107046d30', // P-256, with its public half
      '301306072a8648ce3d020106082a8648ce3d030107042730', // and without
      '301006072a8648ce3d020106052b8104002204819e', // P-384
      '301006072a8648ce3d020106052b810400230481d6', // P-521
      '300506032b657004220420', // Ed25519
      '300506032b656e04220420', // X25519
    ],
  ],
  ['a private key (PKCS#1)', ['0201000282010100', '0201000282018100', '0201000282020100']],
  ['a private key (SEC 1)', ['30770201010420', '3081a40201010430']],
]
const PEM = ['', 'RSA ', 'EC ', 'DSA ', 'ENCRYPTED ', 'OPENSSH '].map((kind) => `-----BEGIN ${kind}PRIVATE KEY-----`)

/** A name of a field and the text that it is given, in JSON, or in JSON that stands as text in JSON. */
const field = (names: string, value: string): string => `"(?:${names})\\\\{0,3}"[ ]?:[ ]?\\\\{0,3}"${value}`
const NOT_A_STAND_IN = '(?!ceremony-stand-in\\.)'
const TOKEN_NAMES = 'client_secret|client_assertion|refresh_token|access_token|id_token'
const PIN_NAMES = 'pin|user[_-]?pin|so[_-]?pin|passphrase|password|passwd'

export const SECRET_PATTERNS: readonly SecretPattern[] = [
  { kind: 'a private key (PEM)', pattern: /-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----[\s\\rn]{0,8}(?:Proc-Type|[A-Za-z0-9+/]{16})/ },
  { kind: 'a private key (PGP)', pattern: /-----BEGIN PGP PRIVATE KEY BLOCK-----/ },
  { kind: 'a private key (PEM in base64)', pattern: anyOf(PEM.flatMap((pem) => inBase64(Buffer.from(pem)))) },
  ...DER.map(([kind, beginnings]) => ({ kind, pattern: anyOf(beginnings.flatMap(formsOf)) })),
  { kind: 'a private key (JWK)', pattern: /"d\\{0,3}"[ ]?:[ ]?\\{0,3}"[A-Za-z0-9_-]{42,}/ },
  { kind: 'a signed token (JWT)', pattern: /eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}/ },
  { kind: 'a bearer token', pattern: new RegExp(`[Bb]earer ${NOT_A_STAND_IN}[A-Za-z0-9._~+/-]{20,}(?![A-Za-z0-9._~+/-]|=\\\\{0,3}")`) },
  {
    kind: 'a credential',
    pattern: new RegExp(`(?:${field(TOKEN_NAMES, `${NOT_A_STAND_IN}[^"\\\\]{8}`)}|(?:${TOKEN_NAMES})=[^&"\\\\\\s]{8})`),
  },
  { kind: 'a client secret of Entra ID', pattern: /[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{34}/ },
  { kind: 'a key of a storage account', pattern: /AccountKey=[A-Za-z0-9+/]{80}/ },
  { kind: 'a shared access signature', pattern: /[?&]sig=[A-Za-z0-9%+/]{40}/ },
  {
    kind: 'a PIN or passphrase',
    pattern: new RegExp(`(?:${field(PIN_NAMES, '[^"\\\\]')}|"--?(?:${PIN_NAMES})(?:\\\\{0,3}"[ ]?,[ ]?\\\\{0,3}"|=)[^"\\\\])`, 'i'),
  },
]

/** Text without any of these holds nothing of the above; this one look is all that most entries cost. */
export const SECRET_HINTS = new RegExp(
  [
    'PRIVATE KEY',
    '"d\\\\{0,3}"',
    '\\.eyJ',
    'earer ',
    `(?:${TOKEN_NAMES})[\\\\"=]`,
    '[78]Q~',
    'AccountKey=',
    '[?&]sig=',
    '(?:[Pp][Ii][Nn]|[Pp][Aa][Ss][Ss](?:[Pp][Hh][Rr][Aa][Ss][Ee]|[Ww][Oo][Rr][Dd]|[Ww][Dd]))[\\\\"=]',
    ...[...DER.flatMap(([, beginnings]) => beginnings).flatMap(formsOf), ...PEM.flatMap((pem) => inBase64(Buffer.from(pem)))].map(escaped),
  ].join('|'),
)

/** How bytes show: as they are, in base64 wherever they begin in it, in hex. */
function formsOf(hex: string): string[] {
  const bytes = Buffer.from(hex, 'hex')
  return [bytes.toString('latin1'), hex, hex.toUpperCase(), ...inBase64(bytes)]
}

/** The characters of base64 that these bytes alone decide, for each of the three places at which they can begin. */
function inBase64(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const whole = Math.floor(((before + bytes.length) * 8) / 6)
    return text.slice(Math.ceil((before * 8) / 6), whole)
  })
}

function anyOf(texts: readonly string[]): RegExp {
  return new RegExp(texts.map(escaped).join('|'))
}

function escaped(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
