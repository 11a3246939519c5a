/**
 * The main program of the process that loads the HSM's PKCS#11 library: the only one that may load an addon, and it has
 * no network (an empty network namespace where the system offers one), no child processes and no plugin code in it.
 */
import pkcs11 from 'pkcs11js'
import { holdsName, mechanismName, numberOf, PUBLIC_ATTRIBUTES } from './pkcs11-names.ts'

type Values = Readonly<Record<string, string | number | boolean | Uint8Array>>
interface MechanismData {
  readonly name: string
  readonly oaep?: { readonly hash: string; readonly mgf: string }
}
interface Request {
  readonly id: number
  readonly op: string
  readonly library?: string
  readonly token?: string
  readonly pin?: string
  readonly mechanism?: MechanismData
  readonly template?: Values
  readonly publicKey?: Values
  readonly privateKey?: Values
  readonly object?: string
  readonly wrappingKey?: string
  readonly key?: string
  readonly names?: readonly string[]
}

const library = new pkcs11.PKCS11()
let session: Buffer | undefined
let slot: Buffer | undefined
/** Handles go out as numbers counted from one: the library's own are opaque and would differ from run to run. */
const objects = new Map<string, Buffer>()

function remember(object: Buffer): string {
  const handle = `object-${objects.size + 1}`
  objects.set(handle, object)
  return handle
}
function recall(handle: string | undefined): Buffer {
  const object = objects.get(handle ?? '')
  if (!object) throw new Error(`no such object handle: ${handle}`)
  return object
}

function templateOf(values: Values | undefined): pkcs11.Template {
  return Object.entries(values ?? {}).map(([name, value]) => ({
    type: numberOf(name),
    value: holdsName(name) ? numberOf(String(value)) : value instanceof Uint8Array ? Buffer.from(value) : value,
  }))
}

function mechanismOf(data: MechanismData | undefined): pkcs11.Mechanism {
  if (!data) throw new Error('no mechanism given')
  const mechanism = numberOf(data.name)
  if (!data.oaep) return { mechanism, parameter: null as never }
  const parameter: pkcs11.RsaOAEP = {
    type: pkcs11.CK_PARAMS_RSA_OAEP,
    hashAlg: numberOf(data.oaep.hash),
    mgf: numberOf(data.oaep.mgf),
    source: CKZ_DATA_SPECIFIED,
  }
  return { mechanism, parameter }
}

/** The source of the OAEP label: data in the parameter (here none). */
const CKZ_DATA_SPECIFIED = 1

const trimmed = (text: string): string => text.replaceAll('\0', '').trim()

function open(request: Request): unknown {
  library.load(request.library!)
  library.C_Initialize()
  const info = library.C_GetInfo()
  slot = library.C_GetSlotList(true).find((candidate) => trimmed(library.C_GetTokenInfo(candidate).label) === request.token)
  if (!slot) throw Object.assign(new Error(`no token is labelled ${request.token}`), { name: 'NoToken' })
  const token = library.C_GetTokenInfo(slot)
  session = library.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION)
  library.C_Login(session, pkcs11.CKU_USER, request.pin ?? '')
  const version = (of: { major: number; minor: number }): string => `${of.major}.${of.minor}`
  return {
    label: trimmed(token.label),
    manufacturer: trimmed(token.manufacturerID),
    model: trimmed(token.model),
    serial: trimmed(token.serialNumber),
    firmware: version(token.firmwareVersion),
    library: `${trimmed(info.libraryDescription)} ${version(info.libraryVersion)}`,
  }
}

/** Loads the library and says what it offers, without logging in anywhere. */
function look(request: Request): unknown {
  library.load(request.library!)
  library.C_Initialize()
  try {
    const info = library.C_GetInfo()
    const slots = library.C_GetSlotList(true).map((candidate) => ({
      token: trimmed(library.C_GetTokenInfo(candidate).label),
      mechanisms: library.C_GetMechanismList(candidate).map(mechanismName),
    }))
    return { library: `${trimmed(info.libraryDescription)} ${info.libraryVersion.major}.${info.libraryVersion.minor}`, slots }
  } finally {
    library.C_Finalize()
  }
}

/** A wrapped RSA private key is a few KiB at most; an OAEP ciphertext at most 512 bytes. */
const WRAPPED_MAX = 8192

function carryOut(request: Request): unknown {
  if (request.op === 'open') return open(request)
  if (request.op === 'look') return look(request)
  if (!session || !slot) throw new Error('no session is open')
  switch (request.op) {
    case 'mechanisms':
      return library.C_GetMechanismList(slot).map(mechanismName)
    case 'generateKeyPair': {
      const pair = library.C_GenerateKeyPair(
        session,
        mechanismOf(request.mechanism),
        templateOf(request.publicKey),
        templateOf(request.privateKey),
      )
      return { publicKey: remember(pair.publicKey), privateKey: remember(pair.privateKey) }
    }
    case 'generateKey':
      return remember(library.C_GenerateKey(session, mechanismOf(request.mechanism), templateOf(request.template)))
    case 'createObject':
      return remember(library.C_CreateObject(session, templateOf(request.template)))
    case 'findObjects': {
      library.C_FindObjectsInit(session, templateOf(request.template))
      try {
        return library.C_FindObjects(session, 100).map(remember)
      } finally {
        library.C_FindObjectsFinal(session)
      }
    }
    case 'attributes': {
      const names = request.names ?? []
      const secret = names.find((name) => !PUBLIC_ATTRIBUTES.has(name))
      if (secret) throw new Error(`${secret} does not leave the HSM through this door`)
      const asked = names.map((name) => ({ type: numberOf(name) }))
      const values = library.C_GetAttributeValue(session, recall(request.object), asked)
      return Object.fromEntries(names.map((name, index) => [name, new Uint8Array(values[index]!.value as Buffer)]))
    }
    case 'wrapKey': {
      const room = Buffer.alloc(WRAPPED_MAX)
      return new Uint8Array(
        library.C_WrapKey(session, mechanismOf(request.mechanism), recall(request.wrappingKey), recall(request.key), room),
      )
    }
    case 'destroyObject':
      return void library.C_DestroyObject(session, recall(request.object))
    case 'close': {
      library.C_Logout(session)
      library.C_CloseSession(session)
      library.C_Finalize()
      session = undefined
      return undefined
    }
    default:
      throw new Error(`unknown operation ${request.op}`)
  }
}

process.on('message', (request: Request) => {
  try {
    process.send!({ id: request.id, ok: true, value: carryOut(request) })
  } catch (error) {
    const { name, message } = error as Error
    process.send!({ id: request.id, ok: false, name: /CKR_[A-Z_]+/.exec(message)?.[0] ?? name, message })
  }
})
process.on('disconnect', () => process.exit(0))
process.send!({ id: 0, ok: true })
