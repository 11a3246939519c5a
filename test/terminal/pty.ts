/** A real pseudo-terminal of 80 by 24 (util-linux `script`), a program in it, and what a person would see and type. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const MAIN = fileURLToPath(new URL('../../engine/src/cli/main.ts', import.meta.url))
const WAIT_MS = 60_000

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

export class Terminal {
  readonly #child: ChildProcess
  #raw = ''
  #read = 0
  #wake: () => void = () => {}
  readonly ended: Promise<number | null>

  private constructor(command: readonly string[], environment: Readonly<Record<string, string>>) {
    const line = `stty rows 24 cols 80; exec ${command.map(quoted).join(' ')}`
    this.#child = spawn('script', ['-qefc', line, '/dev/null'], {
      cwd: ROOT,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        SHELL: '/bin/sh',
        TERM: 'xterm',
        CEREMONY_SOFTHSM: process.env.CEREMONY_SOFTHSM,
        ...environment,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#raw += chunk.toString('utf8')
      this.#wake()
    })
    this.ended = new Promise((resolve) =>
      this.#child.on('close', (code) => {
        resolve(code)
        this.#wake()
      }),
    )
  }

  /** Starts any program. */
  static start(command: readonly string[], environment: Readonly<Record<string, string>> = {}): Terminal {
    return new Terminal(command, environment)
  }

  /** Starts the command line. */
  static ceremony(...args: string[]): Terminal {
    return new Terminal([process.execPath, MAIN, ...args], {})
  }

  /** All that was ever on the screen, escape sequences included. */
  get raw(): string {
    return this.#raw
  }

  /** All that was on the screen, as text: with words that were wrapped put together again. */
  get text(): string {
    return plain(this.#raw)
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Waits until something new on the screen matches, and reads on behind it. @returns the match */
  async see(pattern: RegExp | string): Promise<RegExpExecArray> {
    const expression = typeof pattern === 'string' ? new RegExp(pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : pattern
    const deadline = Date.now() + WAIT_MS
    let over = false
    void this.ended.then(() => {
      over = true
    })
    for (;;) {
      const match = expression.exec(this.text.slice(this.#read))
      if (match) {
        this.#read += match.index + match[0].length
        return match
      }
      if (over || Date.now() > deadline)
        throw new Error(
          `${over ? 'the program ended' : 'waited in vain'} for ${expression}; the last lines were:\n${this.text.slice(-2500)}`,
        )
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** Types a line. */
  type(line: string): void {
    this.#child.stdin?.write(`${line}\r`)
  }

  /** Waits for a question and answers it. */
  async answer(pattern: RegExp | string, line: string): Promise<void> {
    await this.see(pattern)
    this.type(line)
  }

  /** Presses keys. */
  press(keys: string): void {
    this.#child.stdin?.write(keys)
  }

  /** Closes the terminal, as when its window goes away. */
  hangUp(): void {
    this.#child.kill('SIGKILL')
  }
}

/** What moves the cursor or colours is taken out, and every run of white space is one blank. */
function plain(raw: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what terminals are told by
  return raw.replace(/\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|[\r\x07]/g, '').replace(/\s+/g, ' ')
}
