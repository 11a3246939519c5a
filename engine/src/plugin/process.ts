/** A plugin's process as the engine sees it: started with next to no rights, asked one call at a time. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { errorFrom } from './error-data.ts'
import type { PluginPackage } from './package.ts'
import type { Answer, Ask as AskMessage, Call, ErrorData, FromPlugin, Manifest, Reply } from './protocol.ts'

/**
 * Answers what a plugin asks. What goes wrong is a reply; a keeper that throws cannot keep the doors any longer, and the
 * call ends with its error. The signal fires when nobody waits any longer.
 */
export type DoorKeeper = (ask: {
  readonly id: number
  readonly door: string
  readonly request: unknown
  readonly after: number
  readonly signal: AbortSignal
}) => Promise<{ readonly reply: Reply; readonly time: number }>

interface Asked {
  readonly abort: AbortController
  readonly served: Promise<void>
}

interface CurrentCall {
  readonly id: number
  readonly keeper: DoorKeeper
  readonly asks: Map<number, Asked>
  readonly finish: (reply: Reply) => void
  readonly fail: (error: unknown) => void
}

const HOST = fileURLToPath(new URL('./host.ts', import.meta.url))
const MAX_OLD_SPACE_MIB = 512

export class PluginProcess {
  readonly manifest: Manifest
  readonly #child: ChildProcess
  readonly #onLog: (text: string) => void
  #calls = 0
  #current: CurrentCall | undefined
  #gone: ErrorData | undefined

  private constructor(child: ChildProcess, manifest: Manifest, onLog: (text: string) => void) {
    this.#child = child
    this.manifest = manifest
    this.#onLog = onLog
    child.on('message', (message: FromPlugin) => this.#receive(message))
    child.once('exit', (code, signal) => this.#lost(`it ended with ${signal ?? `exit code ${code}`}`))
    child.on('error', (error) => this.#lost(error.message))
  }

  /**
   * Starts the plugin's process under Node's permission model: it may read code, and nothing else: no network, no
   * child processes, no addons, no workers, no writing, an empty environment.
   * @throws PluginError when the plugin cannot be loaded
   */
  static async start(plugin: PluginPackage, onLog: (text: string) => void = () => {}): Promise<PluginProcess> {
    const readable = plugin.readable.map((folder) => `--allow-fs-read=${realpathSync(folder)}/*`)
    const child = fork(HOST, [plugin.entry], {
      execPath: process.execPath,
      execArgv: ['--permission', ...readable, '--no-warnings', `--max-old-space-size=${MAX_OLD_SPACE_MIB}`, '--disable-proto=throw'],
      env: {},
      cwd: '/',
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let complaint = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString('utf8')).slice(-4000)
    })
    const first = await Promise.race([
      once(child, 'message').then(([message]) => message as FromPlugin),
      once(child, 'exit').then((): FromPlugin => ({ kind: 'broken', error: broken(plugin, complaint) })),
    ])
    if (first.kind === 'ready') return new PluginProcess(child, first.manifest, onLog)
    child.kill('SIGKILL')
    throw errorFrom(first.kind === 'broken' ? first.error : broken(plugin, `first message was ${first.kind}`))
  }

  /**
   * Asks the plugin for one thing and serves its doors until it answers. One call at a time.
   * @throws what the keeper throws
   */
  async call(call: Omit<Call, 'kind' | 'id'>, keeper: DoorKeeper): Promise<Reply> {
    if (this.#gone) return { ok: false, error: this.#gone }
    if (this.#current) throw new Error('a plugin takes one call at a time')
    const id = ++this.#calls
    return new Promise((resolve, reject) => {
      const asks = new Map<number, Asked>()
      const end = (then: () => void): void => {
        this.#current = undefined
        const served = [...asks.values()].map((ask) => ask.served)
        for (const { abort } of asks.values()) abort.abort()
        // Not before every door has noted that nobody waits any longer: the recording of this call is then complete.
        void Promise.all(served).then(then)
      }
      let failure: { error: unknown } | undefined
      const finish = (reply: Reply): void => end(() => (failure ? reject(failure.error) : resolve(reply)))
      const fail = (error: unknown): void => {
        failure ??= { error }
        if (this.#current?.id === id) end(() => reject(failure!.error))
      }
      this.#current = { id, keeper, asks, finish, fail }
      this.#child.send({ kind: 'call', id, ...call })
    })
  }

  /** Whether the process has ended; it then answers every call with the reason. */
  get gone(): boolean {
    return this.#gone !== undefined
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  #receive(message: FromPlugin): void {
    const current = this.#current
    if (message.kind === 'log') this.#onLog(String(message.text).slice(0, 2000))
    else if (!current) return
    else if (message.kind === 'ask') this.#take(current, message)
    else if (message.kind === 'withdraw') current.asks.get(message.id)?.abort.abort()
    else if (message.kind === 'result' && message.id === current.id) current.finish(message.reply)
  }

  #take(current: CurrentCall, ask: AskMessage): void {
    const abort = new AbortController()
    current.asks.set(ask.id, { abort, served: this.#serve(current, ask, abort.signal) })
  }

  async #serve(current: CurrentCall, { id, door, request, after }: AskMessage, signal: AbortSignal): Promise<void> {
    const kept = await current.keeper({ id, door, request, after, signal }).catch(current.fail)
    current.asks.delete(id)
    if (!kept) return
    const { reply, time } = kept
    if (this.#current !== current || signal.aborted || !this.#child.connected) return
    const answer: Answer = { kind: 'answer', id, time, reply }
    this.#child.send(answer)
  }

  #lost(how: string): void {
    this.#gone = {
      code: 'plugin/died',
      message: `The process of plugin \`${this.manifest.name}\` ended before it answered.`,
      found: how,
      expected: 'an answer',
      changed: 'unknown',
      advice: 'Resume: the step is then checked against the world.',
    }
    this.#current?.finish({ ok: false, error: this.#gone })
  }
}

function broken(plugin: PluginPackage, complaint: string): ErrorData {
  return {
    code: 'plugin/cannot-load',
    message: `Plugin \`${plugin.name}\` could not be loaded.`,
    found: complaint.trim() || 'its process ended without a word',
    expected: `a default export made by definePlugin in ${plugin.entry}`,
    changed: 'nothing',
    advice: 'Mend the plugin, or take out what reaches past its capabilities.',
  }
}
