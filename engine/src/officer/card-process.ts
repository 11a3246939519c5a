/**
 * The main program of the process that loads the PKCS#11 library of an officer's smartcard: started for one question, answers
 * it, and ends. Nothing of the project but this runs beside the vendor's code, and the PIN comes over IPC.
 */
import pkcs11 from 'pkcs11js'

/** What is asked: which keys a card holds, or one signature. */
export interface CardRequest {
  readonly library: string
  /** Label of the card's token. */
  readonly token: string
  /** Label of the key; undefined where the card holds one only. */
  readonly key?: string
  readonly sign?: { readonly message: Uint8Array; readonly pin: string | undefined }
}

export interface CardKey {
  readonly label: string
  readonly kind: 'P-256' | 'P-384' | 'Ed25519'
  /** The public point: x and y, or the 32 bytes of Ed25519. */
  readonly point: Uint8Array
  /** Whether the PIN is typed at the reader. */
  readonly ownReader: boolean
}

export type CardReply =
  | { readonly ok: true; readonly key: CardKey; readonly signature?: Uint8Array }
  | { readonly ok: false; readonly code: string; readonly message: string }

const CKK_EC_EDWARDS = 0x40
const CKM_EDDSA = 0x1057
/** By the DER of their object identifiers (RFC 5480, section 2.1.1.1), with how long x and y are together. */
const CURVES: Readonly<Record<string, readonly ['P-256' | 'P-384', number]>> = {
  '06082a8648ce3d030107': ['P-256', 64],
  '06052b81040022': ['P-384', 96],
}
/** DER of the object identifier Ed25519 (RFC 8410), and its name as PKCS#11 v3 has it. */
const ED25519 = ['06032b6570', '130c656477617264733235353139', '06092b06010401da470f01']
/** The longest signature, that of P-384. */
const MAX_SIGNATURE = 96
const PIN_COUNT_LOW = 0x10000
const PIN_FINAL_TRY = 0x20000
const OWN_READER = 0x100
const MAX_KEYS = 50

const library = new pkcs11.PKCS11()

class CardProblem extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

interface FoundKey extends CardKey {
  readonly id: Buffer
}

function carryOut(request: CardRequest): CardReply {
  library.load(request.library)
  library.C_Initialize()
  const slot = slotOf(request.token)
  const { flags } = library.C_GetTokenInfo(slot)
  const session = library.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
  const { id, ...key } = chooseKey(keysOf(session, (flags & OWN_READER) !== 0), request)
  if (!request.sign) return { ok: true, key }
  logIn(session, slot, request.sign.pin)
  const template = [
    { type: pkcs11.CKA_CLASS, value: pkcs11.CKO_PRIVATE_KEY },
    { type: pkcs11.CKA_ID, value: id },
  ]
  const [privateKey] = find(session, template)
  if (!privateKey) throw new CardProblem('card/no-key', `the card holds no private key beside the public key \`${key.label}\``)
  const mechanism = key.kind === 'Ed25519' ? CKM_EDDSA : pkcs11.CKM_ECDSA
  library.C_SignInit(session, { mechanism, parameter: null as never }, privateKey)
  const signature = library.C_Sign(session, Buffer.from(request.sign.message), Buffer.alloc(MAX_SIGNATURE))
  library.C_Logout(session)
  return { ok: true, key, signature: new Uint8Array(signature) }
}

function slotOf(token: string): Buffer {
  const slots = library.C_GetSlotList(true)
  const labels = slots.map((slot) => trimmed(library.C_GetTokenInfo(slot).label))
  const at = labels.indexOf(token)
  const known = labels.filter((label) => label !== '').join(', ') || 'none'
  if (at < 0) throw new CardProblem('card/not-there', `no card with the label \`${token}\` is in a reader; found: ${known}`)
  return slots[at]!
}

/** Public keys may be read without a PIN. */
function keysOf(session: Buffer, ownReader: boolean): FoundKey[] {
  return find(session, [{ type: pkcs11.CKA_CLASS, value: pkcs11.CKO_PUBLIC_KEY }]).flatMap((object): FoundKey[] => {
    const read = (...types: number[]): Buffer[] =>
      library
        .C_GetAttributeValue(
          session,
          object,
          types.map((type) => ({ type })),
        )
        .map(({ value }) => Buffer.from(value as Buffer))
    const [type, id, label] = read(pkcs11.CKA_KEY_TYPE, pkcs11.CKA_ID, pkcs11.CKA_LABEL)
    const keyType = type!.readUIntLE(0, Math.min(type!.length, 6))
    if (keyType !== pkcs11.CKK_EC && keyType !== CKK_EC_EDWARDS) return []
    const [parameters, encoded] = read(pkcs11.CKA_EC_PARAMS, pkcs11.CKA_EC_POINT)
    const curve = parameters!.toString('hex')
    const about = { label: trimmed(label!.toString('utf8')), id: id!, ownReader }
    const point = unwrapped(encoded!)
    const [kind, length] = CURVES[curve] ?? []
    // Uncompressed points begin with 4 (SEC 1, section 2.3.3).
    if (kind && point.length === length! + 1 && point[0] === 4) return [{ ...about, kind, point: new Uint8Array(point.subarray(1)) }]
    if (ED25519.includes(curve) && point.length === 32) return [{ ...about, kind: 'Ed25519', point: new Uint8Array(point) }]
    return []
  })
}

function chooseKey(keys: readonly FoundKey[], { key, token }: CardRequest): FoundKey {
  const fitting = key === undefined ? keys : keys.filter(({ label }) => label === key)
  if (fitting.length === 1) return fitting[0]!
  const labels = keys.map(({ label, kind }) => `\`${label}\` (${kind})`).join(', ') || 'none'
  throw new CardProblem(
    'card/no-key',
    key === undefined
      ? `the card \`${token}\` must hold one ECDSA P-256, ECDSA P-384 or Ed25519 key, or \`key\` must name one; found: ${labels}`
      : `the card \`${token}\` holds no single ECDSA P-256, ECDSA P-384 or Ed25519 key \`${key}\`; found: ${labels}`,
  )
}

function logIn(session: Buffer, slot: Buffer, pin: string | undefined): void {
  try {
    library.C_Login(session, pkcs11.CKU_USER, pin)
  } catch (error) {
    const code = /CKR_[A-Z_]+/.exec((error as Error).message)?.[0] ?? ''
    if (code === 'CKR_PIN_LOCKED')
      throw new CardProblem('card/locked', 'the card is locked after too many wrong PINs; its issuer can unlock it')
    if (!code.startsWith('CKR_PIN')) throw error
    const { flags } = library.C_GetTokenInfo(slot)
    const left =
      flags & PIN_FINAL_TRY
        ? ' ONE TRY IS LEFT before the card locks itself.'
        : flags & PIN_COUNT_LOW
          ? ' Few tries are left before the card locks itself.'
          : ''
    throw new CardProblem('card/pin', `The PIN is wrong.${left}`)
  }
}

function find(session: Buffer, template: pkcs11.Template): Buffer[] {
  library.C_FindObjectsInit(session, template)
  try {
    return library.C_FindObjects(session, MAX_KEYS)
  } finally {
    library.C_FindObjectsFinal(session)
  }
}

/** A point comes as a DER octet string, or bare from older libraries. */
const unwrapped = (bytes: Buffer): Buffer => (bytes[0] === 4 && bytes[1] === bytes.length - 2 ? bytes.subarray(2) : bytes)

const trimmed = (text: string): string => text.replaceAll('\0', '').trim()

process.once('message', (request: CardRequest) => {
  let reply: CardReply
  try {
    reply = carryOut(request)
  } catch (error) {
    const { message } = error as Error
    reply = { ok: false, code: error instanceof CardProblem ? error.code : (/CKR_[A-Z_]+/.exec(message)?.[0] ?? 'card/library'), message }
  }
  process.send!(reply, () => process.exit(0))
})
process.once('disconnect', () => process.exit(0))
