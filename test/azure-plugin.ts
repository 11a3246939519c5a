/**
 * A plugin as the engine runs it: in its own process with no rights, through the engine's doors, against a twin of Azure, on
 * a clock that runs fast.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { ceremonyClock } from '../engine/src/capability/clock.ts'
import { openDoors } from '../engine/src/capability/doors.ts'
import { liveHttp } from '../engine/src/capability/http.ts'
import { Recording } from '../engine/src/capability/recording.ts'
import { findPlugin } from '../engine/src/plugin/package.ts'
import { PluginProcess } from '../engine/src/plugin/process.ts'
import { CLOUD, OFFICER, type RunningTwin, startTwin } from './azure-twin.ts'

export interface RunningPlugin {
  readonly twin: RunningTwin
  /** What the plugin may get as artifacts, by their digests. */
  readonly artifacts: Map<string, Uint8Array>
  /** Asks the plugin for one thing; throws the error that it answers. */
  // biome-ignore lint/suspicious/noExplicitAny: outputs of many shapes
  call(what: 'run' | 'reconcile', action: string, input: unknown): Promise<any>
  /** Expects the recording to show that request, and no token and no secret. */
  expectCleanRecording(request: string): void
  stop(): Promise<void>
}

/** Starts a twin and the plugin beside it. */
export async function startPlugin(name: string, scale: number): Promise<RunningPlugin> {
  const twin = await startTwin({ scale })
  const plugin = await PluginProcess.start(findPlugin(name))
  const credential = { kind: 'client-secret', client_id: OFFICER.clientId, secret: 'azure' } as const
  const setup = { ...CLOUD, ca: join(twin.dir, 'ca.pem'), connect: `127.0.0.1:${twin.port}`, credential }
  const people = { secret: async () => OFFICER.clientSecret, hands: async () => ({ done: false as const, reason: 'nobody here' }) }
  const http = liveHttp(setup, people)
  const recorded = join(twin.dir, '..', 'recorded.jsonl')
  const artifacts = new Map<string, Uint8Array>()
  return {
    twin,
    artifacts,
    async call(what, action, input) {
      const clock = ceremonyClock(twin.origin, scale)
      const surroundings = {
        clock,
        people,
        hsm: null,
        http: async () => http,
        artifacts: {
          put: async () => Promise.reject(new Error('not asked for')),
          get: async ({ sha256 }: { sha256: string }) => artifacts.get(sha256)!,
        },
        onOutput: () => {},
      }
      const doors = openDoors(plugin.manifest.needs, surroundings, new Recording(recorded))
      const reply = await plugin.call({ what, action, input, cloud: CLOUD, time: clock.now(), seed: new Uint8Array(32) }, doors.keeper)
      await doors.close()
      if (!reply.ok) throw Object.assign(new Error(reply.error.message), reply.error)
      return reply.value
    },
    expectCleanRecording(request) {
      const text = readFileSync(recorded, 'utf8')
      expect(text).toContain(request)
      expect(text).not.toContain(OFFICER.clientSecret)
      expect(text).not.toMatch(/eyJ[\w-]+\.eyJ|authorization"/i)
    },
    async stop() {
      http.close()
      await plugin.stop()
      await twin.remove()
    },
  }
}
