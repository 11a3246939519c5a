/** The doors as a plugin sees them: each turns a call into an ask over IPC. Runs in the plugin's process. */
import type {
  Artifact,
  Cloud,
  CommandResult,
  Context,
  HttpDoor,
  Mechanism,
  Pkcs11Door,
  Pkcs11Session,
  SecretRequest,
  Template,
} from './contract.ts'
import { PluginError } from './contract.ts'
import { randomBytes } from './determinism.ts'
import type { DoorName } from './protocol.ts'

export type AskDoor = (door: DoorName, request: unknown) => Promise<unknown>

/** @returns the context that an action's `run` gets */
export function contextOver(ask: AskDoor, cloud: Cloud | null, http: HttpDoor | null, log: (text: string) => void): Context {
  return {
    get cloud() {
      if (cloud === null) throw notConfigured('cloud', 'the cloud (authority, resource manager, suffixes)')
      return cloud
    },
    get http() {
      if (http === null) throw notConfigured('http', '`needs.http` in the plugin and a cloud in the setup')
      return http
    },
    pkcs11: pkcs11Over(ask),
    command: {
      run: (request) => ask('command', { op: 'run', ...request }) as Promise<CommandResult>,
      async hold(request, ready) {
        const held = (await ask('command', { op: 'hold', ...request, ready })) as { hold?: number; result?: CommandResult }
        return {
          ...(held.result ? { result: held.result } : {}),
          release: async () => {
            if (held.hold !== undefined) await ask('command', { op: 'release', hold: held.hold })
          },
        }
      },
      scratch: (name) => `{scratch}/${name}`,
    },
    artifact: {
      put: (name, bytes) => ask('artifact', { op: 'put', name, bytes }) as Promise<Artifact>,
      get: (artifact) => ask('artifact', { op: 'get', artifact }) as Promise<Uint8Array>,
    },
    clock: {
      now: () => new Date(),
      sleep: async (milliseconds) => {
        await ask('clock', { sleep: milliseconds })
      },
    },
    random: { bytes: (count) => new Uint8Array(randomBytes(count)) },
    log,
  }
}

function notConfigured(door: string, expected: string): PluginError {
  return new PluginError(`${door}/not-configured`, `The plugin asked for \`${door}\`, which this station does not have.`, {
    found: 'nothing configured',
    expected,
    changed: 'nothing',
    advice: 'Add it to the setup of this ceremony.',
  })
}

function pkcs11Over(ask: AskDoor): Pkcs11Door {
  return {
    async open(request: { token: string; pin?: SecretRequest; environment?: Readonly<Record<string, string>> }): Promise<Pkcs11Session> {
      const opened = (await ask('pkcs11', { op: 'open', ...request })) as { session: number; token: Pkcs11Session['token'] }
      const call = (op: string, args: Record<string, unknown> = {}): Promise<unknown> =>
        ask('pkcs11', { op, session: opened.session, ...args })
      return {
        token: opened.token,
        mechanisms: () => call('mechanisms') as Promise<readonly string[]>,
        generateKeyPair: (mechanism: Mechanism, publicKey: Template, privateKey: Template) =>
          call('generateKeyPair', { mechanism, publicKey, privateKey }) as Promise<{ publicKey: string; privateKey: string }>,
        generateKey: (mechanism, template) => call('generateKey', { mechanism, template }) as Promise<string>,
        createObject: (template) => call('createObject', { template }) as Promise<string>,
        findObjects: (template) => call('findObjects', { template }) as Promise<readonly string[]>,
        attributes: (object, names) => call('attributes', { object, names }) as Promise<Record<string, Uint8Array>>,
        wrapKey: (mechanism, wrappingKey, key) => call('wrapKey', { mechanism, wrappingKey, key }) as Promise<Uint8Array>,
        destroyObject: async (object) => {
          await call('destroyObject', { object })
        },
        close: async () => {
          await call('close')
        },
      }
    },
  }
}
