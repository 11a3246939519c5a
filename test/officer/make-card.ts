/** Makes a token with one key pair: LIBRARY TOKEN PIN KIND LABEL. */
import pkcs11 from 'pkcs11js'

const [library, token, pin, kind, label] = process.argv.slice(2) as [string, string, string, string, string]
const module = new pkcs11.PKCS11()
module.load(library)
module.C_Initialize()
const [empty] = module.C_GetSlotList(false)
module.C_InitToken(empty!, '00000000', token)
const slot = module.C_GetSlotList(true).find((candidate) => module.C_GetTokenInfo(candidate).label.replaceAll('\0', '').trim() === token)!
const session = module.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION)
module.C_Login(session, pkcs11.CKU_SO, '00000000')
module.C_InitPIN(session, pin)
module.C_Logout(session)
module.C_Login(session, pkcs11.CKU_USER, pin)
const parameters = Buffer.from({ 'P-256': '06082a8648ce3d030107', 'P-384': '06052b81040022', Ed25519: '06032b6570' }[kind]!, 'hex')
const mechanism = kind === 'Ed25519' ? 0x1055 : pkcs11.CKM_EC_KEY_PAIR_GEN
const common = [
  { type: pkcs11.CKA_TOKEN, value: true },
  { type: pkcs11.CKA_ID, value: Buffer.from([7]) },
  { type: pkcs11.CKA_LABEL, value: label },
]
module.C_GenerateKeyPair(
  session,
  { mechanism, parameter: null as never },
  [...common, { type: pkcs11.CKA_VERIFY, value: true }, { type: pkcs11.CKA_EC_PARAMS, value: parameters }],
  [
    ...common,
    { type: pkcs11.CKA_PRIVATE, value: true },
    { type: pkcs11.CKA_SENSITIVE, value: true },
    { type: pkcs11.CKA_SIGN, value: true },
  ],
)
module.C_Finalize()
