/**
 * The live `command` door: runs the vendor's programs, without a shell, and answers their questions by the plugin's
 * rules: with a secret from an officer, by a person's hands, or with a plain word. Secrets go to the program's input only.
 */
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { type Answer, type CommandRequest, type CommandResult, PluginError } from '../plugin/contract.ts'
import type { SecretsAndHands } from './people.ts'
import { onPseudoTerminal } from './pseudo-terminal.ts'
import { type Scratch, vendorEnvironment } from './scratch.ts'
import type { HsmSetup } from './setup.ts'

const MAX_OUTPUT = 1024 * 1024
const END_GRACE_MS = 3000
const CTRL_C = '\x03'

type Answered = NonNullable<CommandResult['answered']>[number]

/** A program on its way: `ended` for its result, `saw` to wait for words in its output, `end` to make it stop. */
interface Running {
  readonly ended: Promise<CommandResult>
  saw(pattern: string): Promise<void>
  end(): void
}

export interface LiveCommands {
  run(request: CommandRequest): Promise<CommandResult>
  hold(request: CommandRequest, ready: string): Promise<{ hold: number } | { result: CommandResult }>
  release(hold: number): Promise<void>
  /** Ends what is still held. */
  close(): Promise<void>
}

/**
 * @param allowed the programs that the plugin's `needs` name
 * @param onOutput is told what the programs print, as it comes, for the people at the station
 */
export function liveCommands(
  hsm: HsmSetup,
  allowed: readonly string[],
  people: SecretsAndHands,
  scratch: Scratch,
  onOutput: (text: string) => void,
): LiveCommands {
  const held = new Map<number, Running>()
  let holds = 0
  const launch = (request: CommandRequest): Running => start(locate(hsm, allowed, request.program), request, hsm, people, scratch, onOutput)
  const release = async (hold: number): Promise<void> => {
    const running = held.get(hold)
    held.delete(hold)
    running?.end()
    await running?.ended
  }
  return {
    run: (request) => launch(request).ended,
    async hold(request, ready) {
      const running = launch(request)
      const result = await Promise.race([running.ended, running.saw(ready).then(() => undefined)])
      if (result) return { result }
      held.set(++holds, running)
      return { hold: holds }
    },
    release,
    async close() {
      for (const hold of [...held.keys()]) await release(hold)
    },
  }
}

/** @throws PluginError `command/not-allowed`, `command/not-found` */
function locate(hsm: HsmSetup, allowed: readonly string[], program: string): string {
  if (!allowed.includes(program)) {
    throw new PluginError('command/not-allowed', `The plugin asked for the program \`${program}\`, which its \`needs\` do not name.`, {
      found: program,
      expected: allowed.join(', ') || 'no program at all',
      changed: 'nothing',
      advice: 'Do not run this plugin until its maintainers have explained the attempt.',
    })
  }
  const path = join(hsm.tools, program)
  try {
    accessSync(path, constants.X_OK)
    return path
  } catch {
    throw new PluginError('command/not-found', `The program \`${program}\` is not on this station.`, {
      found: `nothing that can be run at ${path}`,
      expected: 'the nShield support software in the folder that the setup names as `hsm.tools`',
      changed: 'nothing',
      advice: 'Install the support software, or correct `hsm.tools`, then resume.',
    })
  }
}

function start(
  path: string,
  request: CommandRequest,
  hsm: HsmSetup,
  people: SecretsAndHands,
  scratch: Scratch,
  onOutput: (text: string) => void,
): Running {
  const command = { file: path, args: request.args.map((arg) => scratch.fill(arg)) }
  const asks = (request.answers ?? []).length > 0
  const terminal = asks ? onPseudoTerminal(command) : undefined
  if (asks && !terminal) onOutput('(no pseudo-terminal on this station: the program is answered through a pipe)\n')
  const { file, args } = terminal ?? command
  const child = execa(file, args, {
    env: {
      ...vendorEnvironment(hsm, request.environment, scratch),
      PATH: '/usr/bin:/bin',
      ...(terminal ? { SHELL: '/bin/sh', TERM: 'dumb' } : {}),
    },
    extendEnv: false,
    reject: false,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    cleanup: true,
    forceKillAfterDelay: END_GRACE_MS,
  })
  const output = { stdout: '', stderr: '', all: '', read: 0 }
  const watchers = new Set<() => void>()
  const take = (which: 'stdout' | 'stderr', text: string): void => {
    if (output.all.length + text.length > MAX_OUTPUT) return void child.kill('SIGTERM')
    output[which] += text
    output.all += text
    onOutput(text)
    for (const look of watchers) look()
  }
  for (const which of ['stdout', 'stderr'] as const) {
    const text = textOf()
    child[which].on('data', (chunk: Buffer) => take(which, text(chunk)))
  }
  // A program that ended while it was being answered is seen by its exit code; the broken pipe says no more.
  child.stdin.on('error', () => {})

  let cancelled: string | undefined
  // As a person does it; and if that is not heard, by the signal that ends it (`script` takes two seconds over that one).
  const interrupt = (): void => {
    child.stdin.write(CTRL_C)
    setTimeout(() => child.kill('SIGTERM'), END_GRACE_MS).unref()
  }
  const cancel = (reason: string): void => {
    cancelled = reason
    if (terminal) interrupt()
    else child.kill('SIGINT')
  }
  const answered: Answered[] = []
  const write = (text: string, what: Answered): void => {
    answered.push(what)
    child.stdin.write(`${text}\n`)
  }
  const answering = answerRules(request.answers ?? [], output, people, { write, cancel, acted: (hands) => answered.push({ hands }) })
  watchers.add(answering.look)
  const ended = child.then(async (result) => {
    // A program that only shows something ends before people have done what its output asks of them.
    await answering.hands()
    return {
      exitCode: result.exitCode ?? 128,
      stdout: scratch.hide(output.stdout),
      stderr: scratch.hide(output.stderr) + (result.code === undefined ? '' : (result.originalMessage ?? '')),
      ...(cancelled === undefined ? {} : { cancelled }),
      answered,
    }
  })
  return {
    ended,
    saw: (pattern) =>
      new Promise((resolve) => {
        const expression = new RegExp(pattern, 'm')
        const look = (): void => {
          if (expression.test(output.all)) {
            watchers.delete(look)
            resolve()
          }
        }
        watchers.add(look)
        look()
      }),
    end: () => (terminal ? interrupt() : void child.kill('SIGTERM')),
  }
}

/** @returns what a program prints, piece by piece, as text with plain newlines: a terminal ends its lines with two characters */
function textOf(): (chunk: Buffer) => string {
  const decoder = new TextDecoder('utf-8')
  let held = ''
  return (chunk) => {
    const text = held + decoder.decode(chunk, { stream: true })
    held = text.endsWith('\r') ? '\r' : ''
    return text.slice(0, text.length - held.length).replaceAll('\r\n', '\n')
  }
}

/** @returns `look`, to be called whenever there is more output: it answers what it finds, one thing after another; `hands` waits for those that are busy */
function answerRules(
  rules: readonly Answer[],
  output: { readonly all: string; read: number },
  people: SecretsAndHands,
  program: { write(text: string, what: Answered): void; acted(hands: string): void; cancel(reason: string): void },
): { look(): void; hands(): Promise<void> } {
  const compiled = rules.map((rule) => ({ ...rule, expression: new RegExp(rule.when, 'm') }))
  let busy = false
  let wrong = 0
  let handsAtWork = Promise.resolve()
  const next = (): { rule: Answer; groups: Record<string, string> } | undefined => {
    const unread = output.all.slice(output.read)
    let best: { at: number; end: number; rule: Answer; groups: Record<string, string> } | undefined
    for (const rule of compiled) {
      const match = rule.expression.exec(unread)
      if (match && (!best || match.index < best.at)) {
        best = { at: match.index, end: match.index + match[0].length, rule, groups: match.groups ?? {} }
      }
    }
    if (best) output.read += best.end
    return best
  }
  const answer = async ({ rule, groups }: { rule: Answer; groups: Record<string, string> }): Promise<void> => {
    const fill = (text: string): string => text.replace(/\$<(\w+)>/g, (_, name: string) => groups[name] ?? '')
    const { give } = rule
    if ('text' in give) return program.write(fill(give.text), { text: fill(give.text) })
    if ('hands' in give) {
      wrong = 0
      const details = Object.entries(give.details).map(([name, value]) => [name, typeof value === 'string' ? fill(value) : value])
      const work = people.hands({ hands: give.hands, ask: fill(give.ask), details: Object.fromEntries(details) })
      handsAtWork = work.then(
        (outcome) => (outcome.done ? program.acted(give.hands) : program.cancel(outcome.reason)),
        (error: Error) => program.cancel(error.message),
      )
      return handsAtWork
    }
    wrong = rule.wrong ? wrong + 1 : 0
    const name = fill(give.secret)
    const secret = await people.secret({ secret: name, ask: fill(give.ask) }, wrong + 1)
    if (secret === undefined) program.cancel(`nobody gave the secret: ${fill(give.ask)}`)
    else program.write(secret, { secret: name, attempt: wrong + 1 })
  }
  const look = (): void => {
    if (busy) return
    const found = next()
    if (!found) return
    busy = true
    void answer(found)
      .catch((error: Error) => program.cancel(error.message))
      .finally(() => {
        busy = false
        // What was printed meanwhile may hold the next question.
        look()
      })
  }
  return { look, hands: () => handsAtWork }
}
