/** Runs the twin's tools as a person at a terminal would: by waiting for what they print and answering it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../rehearsal/nshield/bin', import.meta.url))

export interface Running {
  readonly child: ChildProcess
  /** Everything printed so far, on both outputs. */
  output(): string
  /** Waits until the text is printed, behind what was waited for before. */
  until(text: string): Promise<void>
  type(line: string): void
  readonly ended: Promise<{ code: number | null; output: string }>
}

export interface Bench {
  readonly twin: string
  readonly environment: Record<string, string>
  run(tool: string, ...args: string[]): { code: number | null; stdout: string; stderr: string }
  start(tool: string, ...args: string[]): Running
  hands(hands: string, details?: Record<string, string | number>): { code: number | null; stderr: string }
  /** Answers a tool that writes cards: puts blank cards in and gives each the passphrase `<prefix>-<number>`. */
  write(running: Running, cards: number, prefix: string): Promise<void>
}

/** A fresh module with blank cards, in a folder of its own. */
export function openBench(cards: number): Bench {
  const twin = mkdtempSync(join(tmpdir(), 'ceremony-twin-'))
  const environment = { PATH: process.env.PATH!, NSHIELD_TWIN: twin, CEREMONY_NODE: process.execPath, ...softhsm() }
  const run = (tool: string, input: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(join(BIN, tool), args, { env: environment, input, encoding: 'utf8' })
    return { code: status, stdout, stderr }
  }
  const made = run('new-rack', '', '--cards', String(cards))
  if (made.code !== 0) throw new Error(made.stderr)
  const hands = (name: string, details = {}) => run('hands', JSON.stringify({ hands: name, details }))
  return {
    twin,
    environment,
    run: (tool, ...args) => run(tool, '', ...args),
    hands,
    start: (tool, ...args) => follow(spawn(join(BIN, tool), args, { env: environment })),
    async write(running, count, prefix) {
      for (let card = 1; card <= count; card++) {
        await running.until(`${card - 1} card${card === 2 ? '' : 's'} of ${count} written`)
        hands('insert-card', { slot: 0, kind: 'blank' })
        await running.until(`enter new passphrase for card #${card}: `)
        running.type(`${prefix}-${card}`)
        await running.until(`confirm new passphrase for card #${card}: `)
        running.type(`${prefix}-${card}`)
      }
    },
  }
}

function softhsm(): Record<string, string> {
  return process.env.CEREMONY_SOFTHSM ? { CEREMONY_SOFTHSM: process.env.CEREMONY_SOFTHSM } : {}
}

/** Follows a program's outputs. */
export function follow(child: ChildProcess): Running {
  let output = ''
  let read = 0
  let look = (): void => {}
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      look()
    })
  }
  child.stdin!.on('error', () => {})
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => child.once('close', (code) => resolve({ code, output })))
  return {
    child,
    ended,
    output: () => output,
    until: (text) =>
      new Promise((resolve, reject) => {
        void ended.then(() => reject(new Error(`ended before it printed ${JSON.stringify(text)}:\n${output}`)))
        look = () => {
          const at = output.indexOf(text, read)
          if (at === -1) return
          read = at + text.length
          look = () => {}
          resolve()
        }
        look()
      }),
    type: (line) => void child.stdin!.write(`${line}\n`),
  }
}
