/** The live `pkcs11` door: a process for each session that loads the HSM's library, and the PIN handed to it over IPC. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { PluginError, type SecretRequest } from '../plugin/contract.ts'
import type { SecretsAndHands } from './people.ts'
import { type Scratch, vendorEnvironment } from './scratch.ts'
import type { HsmSetup } from './setup.ts'

interface OpenRequest {
  readonly token: string
  readonly pin?: SecretRequest
  readonly environment?: Readonly<Record<string, string>>
}
export interface LivePkcs11 {
  open(request: OpenRequest): Promise<{ session: number; token: unknown }>
  call(session: number, op: string, request: Record<string, unknown>): Promise<unknown>
  close(): Promise<void>
}

const MAIN = fileURLToPath(new URL('./pkcs11-process.ts', import.meta.url))
/** A wrong PIN is asked for again this often; more would run into the token's own limit. */
const PIN_ATTEMPTS = 3

class LibraryProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  #requests = 0

  /** @param onOutput is told what the library prints */
  constructor(environment: Record<string, string>, onOutput: (text: string) => void) {
    const namespace = emptyNetworkNamespace()
    this.#child = fork(MAIN, [], {
      execPath: namespace[0] ?? process.execPath,
      execArgv: [...namespace.slice(1), '--permission', '--allow-addons', '--allow-fs-read=*', '--no-warnings'],
      env: environment,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr?.setEncoding('utf8').on('data', onOutput)
    this.#child.on('message', (message: { id: number; ok: boolean; value?: unknown; name?: string; message?: string }) => {
      const waiting = this.#waiting.get(message.id)
      this.#waiting.delete(message.id)
      if (message.ok) waiting?.resolve(message.value)
      else waiting?.reject(pkcs11Error(message.name ?? '', message.message ?? ''))
    })
    const lost = (): void => {
      for (const waiting of this.#waiting.values()) waiting.reject(pkcs11Error('LIBRARY_DIED', 'the process with the library ended'))
      this.#waiting.clear()
    }
    this.#child.once('exit', lost)
    this.#child.once('error', lost)
  }

  call(op: string, request: object): Promise<unknown> {
    if (!this.#child.connected) return Promise.reject(pkcs11Error('LIBRARY_DIED', 'the process with the library ended'))
    const id = ++this.#requests
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ ...request, id, op })
    })
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}

/** Opens the door. */
export function livePkcs11(hsm: HsmSetup, people: SecretsAndHands, scratch: Scratch, onOutput: (text: string) => void): LivePkcs11 {
  const sessions = new Map<number, LibraryProcess>()
  let opened = 0
  return {
    async open(request) {
      const environment = vendorEnvironment(hsm, request.environment, scratch)
      for (let attempt = 1; ; attempt++) {
        const pin = request.pin ? await people.secret(request.pin, attempt) : undefined
        const library = new LibraryProcess(environment, onOutput)
        try {
          const token = await library.call('open', { library: hsm.library, token: request.token, ...(pin === undefined ? {} : { pin }) })
          sessions.set(++opened, library)
          return { session: opened, token }
        } catch (error) {
          await library.end()
          const wrongPin = (error as PluginError).code === 'pkcs11/ckr_pin_incorrect' && request.pin !== undefined
          if (!wrongPin || attempt >= PIN_ATTEMPTS) throw error
        }
      }
    },
    async call(session, op, request) {
      const library = sessions.get(session)
      if (!library) throw pkcs11Error('SESSION_HANDLE_INVALID', 'this session is closed')
      const value = await library.call(op, request)
      if (op === 'close') {
        sessions.delete(session)
        await library.end()
      }
      return value
    },
    async close() {
      for (const library of sessions.values()) await library.end()
      sessions.clear()
    },
  }
}

/** What a library offers before anybody logs in. */
export interface LibraryOffer {
  readonly library: string
  readonly slots: readonly { readonly token: string; readonly mechanisms: readonly string[] }[]
}

/** Loads the library in a process of its own, and asks it. @throws PluginError `pkcs11/…` */
export async function lookAtLibrary(hsm: HsmSetup): Promise<LibraryOffer> {
  const library = new LibraryProcess({ ...hsm.environment }, () => {})
  try {
    return (await library.call('look', { library: hsm.library })) as LibraryOffer
  } finally {
    await library.end()
  }
}

/** @returns what of a request belongs into the recording: everything but the values of key material */
export function recordedPkcs11(request: Record<string, unknown>): Record<string, unknown> {
  const template = request.template as Record<string, unknown> | undefined
  if (template?.CKA_VALUE === undefined) return request
  return { ...request, template: { ...template, CKA_VALUE: 'not recorded' } }
}

function pkcs11Error(name: string, message: string): PluginError {
  const noToken = name === 'NoToken'
  return new PluginError(noToken ? 'pkcs11/no-token' : `pkcs11/${name.toLowerCase()}`, `The HSM's PKCS#11 library refused: ${message}.`, {
    found: name,
    expected: noToken ? 'a token with the card set’s name as its label' : 'CKR_OK',
    changed: noToken || name.startsWith('CKR_PIN') ? 'nothing' : 'unknown',
    advice: noToken
      ? 'Check that the card set exists in this security world and that `hsm.library` is the right library.'
      : 'Look the code up in the PKCS#11 standard and in the vendor’s log; resume when its cause is mended.',
  })
}

let namespaceCommand: readonly string[] | undefined
/** @returns the command that runs a program in a network namespace of its own, or nothing where the system has none to offer */
function emptyNetworkNamespace(): readonly string[] {
  if (namespaceCommand === undefined) {
    try {
      execFileSync('/usr/bin/unshare', ['--map-root-user', '--net', '/bin/true'], { stdio: 'ignore', env: {} })
      namespaceCommand = ['/usr/bin/unshare', '--map-root-user', '--net', '--', process.execPath]
    } catch {
      namespaceCommand = []
    }
  }
  return namespaceCommand
}
