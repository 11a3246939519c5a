/** The live doors of one step, behind the keeper that records what passes them. */
import type { Artifact, CloudService, CommandRequest, Needs, SecretRequest } from '../plugin/contract.ts'
import { PluginError } from '../plugin/contract.ts'
import { errorData } from '../plugin/error-data.ts'
import type { HttpAsk } from '../plugin/http-door.ts'
import type { DoorKeeper } from '../plugin/process.ts'
import type { ErrorData } from '../plugin/protocol.ts'
import { StorageError } from '../transcript/storage-error.ts'
import type { CeremonyClock } from './clock.ts'
import { type LiveCommands, liveCommands } from './command.ts'
import { type LiveHttp, recordedRequest } from './http.ts'
import type { SecretsAndHands } from './people.ts'
import { type LivePkcs11, livePkcs11, recordedPkcs11 } from './pkcs11.ts'
import { asReplayed, type Recording } from './recording.ts'
import { makeScratch } from './scratch.ts'
import type { HsmSetup } from './setup.ts'

/** What a step's doors open onto. */
export interface Surroundings {
  readonly clock: CeremonyClock
  readonly people: SecretsAndHands
  readonly hsm: HsmSetup | null
  /** Opens the connection to the cloud on first use; null for a ceremony without one. */
  readonly http: (() => Promise<LiveHttp>) | null
  readonly artifacts: Artifacts
  /** Told what vendor programs print. */
  readonly onOutput: (text: string) => void
}

/** Where artifacts are kept. */
export interface Artifacts {
  put(name: string, bytes: Uint8Array): Promise<Artifact>
  get(artifact: Artifact): Promise<Uint8Array>
}

export interface Doors {
  readonly keeper: DoorKeeper
  /** Ends what the step left open: held programs, sessions, its scratch folder. */
  close(): Promise<void>
}

/** Opens the doors that `needs` names; asks at any other are refused, and recorded like all asks. */
export function openDoors(needs: Needs, surroundings: Surroundings, recording: Recording): Doors {
  const { clock, people, hsm } = surroundings
  const scratch = makeScratch()
  const commands = hsm && needs.commands ? liveCommands(hsm, needs.commands, people, scratch, surroundings.onOutput) : null
  const pkcs11 = hsm && needs.pkcs11 ? livePkcs11(hsm, people, scratch, surroundings.onOutput) : null

  const pass = async (door: string, request: unknown, signal: AbortSignal): Promise<unknown> => {
    switch (door) {
      case 'clock':
        return clock.sleep(Number((request as { sleep: number }).sleep), signal)
      case 'artifact':
        return passArtifact(surroundings.artifacts, request as ArtifactAsk)
      case 'http': {
        if (!needs.http || !surroundings.http) throw closed(door)
        return (await surroundings.http()).send(request as HttpAsk, needs.http as readonly CloudService[], signal)
      }
      case 'command':
        if (!commands) throw closed(door)
        return passCommand(commands, request as CommandAsk)
      case 'pkcs11':
        if (!pkcs11) throw closed(door)
        return passPkcs11(pkcs11, request as Pkcs11Ask)
      default:
        throw closed(door)
    }
  }

  return {
    async keeper({ id, door, request, after, signal }) {
      recording.write({ ask: id, door, request: recordedAsk(door, request), after, time: clock.now() })
      let passed: { ok: true; value: unknown } | { ok: false; error: ErrorData }
      try {
        passed = { ok: true, value: await pass(door, request, signal) }
      } catch (error) {
        if (error instanceof StorageError) throw error
        passed = { ok: false, error: errorData(error) }
      }
      const time = clock.now()
      if (passed.ok) {
        recording.write({ answer: id, ok: true, value: passed.value, time })
        return { reply: { ok: true, value: asReplayed(passed.value) }, time }
      }
      recording.write(signal.aborted ? { withdrawn: id, time } : { answer: id, ok: false, value: passed.error, time })
      return { reply: passed, time }
    },
    async close() {
      await pkcs11?.close()
      await commands?.close()
      scratch.remove()
    },
  }
}

export type ArtifactAsk = { op: 'put'; name: string; bytes: Uint8Array } | { op: 'get'; artifact: Artifact }
type CommandAsk = ({ op: 'run' } & CommandRequest) | ({ op: 'hold'; ready: string } & CommandRequest) | { op: 'release'; hold: number }
type Pkcs11Ask = { op: string; session: number; token: string; pin?: SecretRequest; environment?: Record<string, string> }

/** Puts or gets, as asked. */
export function passArtifact(artifacts: Artifacts, ask: ArtifactAsk): Promise<unknown> {
  return ask.op === 'put' ? artifacts.put(ask.name, ask.bytes) : artifacts.get(ask.artifact)
}

function passCommand(commands: LiveCommands, ask: CommandAsk): Promise<unknown> {
  switch (ask.op) {
    case 'run':
      return commands.run(ask)
    case 'hold':
      return commands.hold(ask, ask.ready)
    case 'release':
      return commands.release(ask.hold)
  }
}

function passPkcs11(pkcs11: LivePkcs11, ask: Pkcs11Ask): Promise<unknown> {
  if (ask.op === 'open') return pkcs11.open(ask)
  const { op, session, ...rest } = ask
  return pkcs11.call(session, op, rest)
}

/** @returns what of an ask belongs into the recording */
export function recordedAsk(door: string, request: unknown): unknown {
  if (door === 'http') return recordedRequest(request as HttpAsk)
  if (door === 'pkcs11') return recordedPkcs11(request as Record<string, unknown>)
  return request
}

function closed(door: string): PluginError {
  return new PluginError(`${door}/not-granted`, `The plugin knocked at the door \`${door}\`, which it was not granted.`, {
    found: `an ask at \`${door}\``,
    expected: 'the plugin’s `needs` to name it, and the setup to configure it',
    changed: 'nothing',
    advice: 'Complete the setup if the plugin is right; otherwise do not run this plugin.',
  })
}
