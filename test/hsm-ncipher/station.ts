/**
 * A station with an nShield twin: the real plugin in its own process, the engine's own doors, the twin's tools and library, and
 * people whose hands are the twin's robot.
 */
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { ceremonyClock } from '../../engine/src/capability/clock.ts'
import { openDoors } from '../../engine/src/capability/doors.ts'
import type { SecretsAndHands } from '../../engine/src/capability/people.ts'
import { Recording } from '../../engine/src/capability/recording.ts'
import type { Artifact, Context, HandsRequest } from '../../engine/src/plugin/contract.ts'
import { contextOver } from '../../engine/src/plugin/doors.ts'
import { errorFrom } from '../../engine/src/plugin/error-data.ts'
import { findPlugin } from '../../engine/src/plugin/package.ts'
import { type DoorKeeper, PluginProcess } from '../../engine/src/plugin/process.ts'
import type { DoorName, Reply } from '../../engine/src/plugin/protocol.ts'

export const TOOLS = fileURLToPath(new URL('../../rehearsal/nshield/bin', import.meta.url))

// biome-ignore lint/suspicious/noExplicitAny: each action has outputs of its own
export type Outputs = Record<string, any>

export interface Station {
  readonly twin: string
  readonly environment: Record<string, string>
  /** Secrets by name; a list is gone through attempt by attempt. */
  readonly secrets: Map<string, string | string[]>
  /** What was asked of people, in order: `secret name, attempt` or the request to their hands. */
  readonly asked: (string | HandsRequest)[]
  /** Everything that the doors recorded. */
  readonly recorded: string[]
  /** How often hands will still do what they are asked; without limit at first. */
  hands: number
  artifact(name: string): Buffer
  call(action: string, input: unknown, what?: 'run' | 'reconcile'): Promise<Reply>
  /** Does something with the doors' context in this process, as plugin code does it in its own. */
  within<T>(work: (context: Context) => Promise<T>): Promise<T>
  /** The outputs of an action that must succeed. */
  outputs(action: string, input: unknown): Promise<Outputs>
  effects(): string[]
  close(): Promise<void>
}

/** The variables that a twin's tools need. */
export function twinEnvironment(twin: string): Record<string, string> {
  const softhsm = process.env.CEREMONY_SOFTHSM
  return { NSHIELD_TWIN: twin, CEREMONY_NODE: process.execPath, ...(softhsm ? { CEREMONY_SOFTHSM: softhsm } : {}) }
}

/** @param model see new-rack */
export async function openStation(cards: number, model: 'solo' | 'edge' = 'solo'): Promise<Station> {
  const twin = mkdtempSync(join(tmpdir(), 'ceremony-nshield-'))
  const environment = twinEnvironment(twin)
  execFileSync(join(TOOLS, 'new-rack'), ['--cards', String(cards), '--model', model], { env: { ...process.env, ...environment } })
  const plugin = await PluginProcess.start(findPlugin('hsm-ncipher'))
  const clock = ceremonyClock(Date.now(), 120)
  const artifacts = new Map<string, Buffer>()

  const people: SecretsAndHands = {
    async secret({ secret }, attempt) {
      station.asked.push(`${secret}, ${attempt}`)
      const given = station.secrets.get(secret)
      return Array.isArray(given) ? given[Math.min(attempt, given.length) - 1] : given
    },
    async hands(request) {
      station.asked.push(request)
      if (station.hands-- <= 0) return { done: false, reason: 'nobody is there' }
      const robot = await execa(join(TOOLS, 'hands'), { input: JSON.stringify(request), env: environment, reject: false })
      return robot.exitCode === 0 ? { done: true } : { done: false, reason: robot.stderr.trim() }
    },
  }

  const withDoors = async <T>(work: (keeper: DoorKeeper) => Promise<T>): Promise<T> => {
    const recording = new Recording(join(twin, 'recording.jsonl'))
    const surroundings = {
      clock,
      people,
      hsm: { tools: TOOLS, library: join(twin, 'libcknfast.so'), environment },
      http: null,
      artifacts: {
        async put(name: string, bytes: Uint8Array): Promise<Artifact> {
          artifacts.set(name, Buffer.from(bytes))
          return { name, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length }
        },
        get: async ({ name }: Artifact) => artifacts.get(name)!,
      },
      onOutput: () => {},
    }
    const doors = openDoors(plugin.manifest.needs, surroundings, recording)
    try {
      return await work(doors.keeper)
    } finally {
      await doors.close()
      station.recorded.push(recording.finish()?.bytes.toString() ?? '')
    }
  }

  const station: Station = {
    twin,
    environment,
    secrets: new Map(),
    asked: [],
    recorded: [],
    hands: Number.POSITIVE_INFINITY,
    artifact: (name) => artifacts.get(name)!,
    async call(action, input, what = 'run') {
      return withDoors((keeper) => plugin.call({ what, action, input, seed: randomBytes(32), time: clock.now(), cloud: null }, keeper))
    },
    within: (work) =>
      withDoors((keeper) => {
        let asks = 0
        const ask = async (door: DoorName, request: unknown): Promise<unknown> => {
          const { reply } = await keeper({ id: ++asks, door, request, after: asks - 1, signal: new AbortController().signal })
          if (reply.ok) return reply.value
          throw errorFrom(reply.error)
        }
        return work(contextOver(ask, null, null, () => {}))
      }),
    async outputs(action, input) {
      const reply = await station.call(action, input)
      if (!reply.ok) throw new Error(`${action}: ${JSON.stringify(reply.error, null, 1)}`)
      return reply.value as Outputs
    },
    effects: () =>
      readFileSync(join(twin, 'effects.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { operation: string; resource: string })
        .map(({ operation, resource }) => `${operation} ${resource}`),
    async close() {
      await plugin.stop()
      if (existsSync(twin)) rmSync(twin, { recursive: true })
    },
  }
  return station
}

/** Takes the card out of the reader between two steps. */
export function removeFromReader({ environment }: Station): void {
  execFileSync(join(TOOLS, 'hands'), {
    input: JSON.stringify({ hands: 'remove-card', details: {} }),
    env: { ...process.env, ...environment },
  })
}

/** Gives every card a passphrase of its own, as many as the sets have. */
export function givePassphrases(station: Station, cards: number, cardSet = 'contoso'): void {
  for (let card = 1; card <= cards; card++) {
    station.secrets.set(`administrator-card/${card}`, `admin-${card}-${randomBytes(6).toString('hex')}`)
    station.secrets.set(`operator-card/${cardSet}/${card}`, `operator-${card}-${randomBytes(6).toString('hex')}`)
  }
}
