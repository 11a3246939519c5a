/** The person at the terminal: passphrases that are not shown, and the wish to stop (Ctrl-C, SIGTERM, end of input). */
import { ToolError } from './tool-error.ts'

export class Terminal {
  readonly #lines: string[] = []
  #typed = ''
  #hidden = false
  #ended = false
  #cancelled: ToolError | undefined
  #wake: () => void = () => {}

  constructor() {
    process.stdin.setEncoding('utf8')
    process.stdin.on('data', (text: string) => this.#take(text))
    process.stdin.once('end', () => {
      this.#ended = true
      this.#wake()
    })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => this.#cancel('cancelled by the user'))
    }
  }

  /** Prints the question and reads a line that is not shown. @throws ToolError when the person stops */
  async passphrase(question: string): Promise<string> {
    process.stdout.write(question)
    this.#hide(true)
    try {
      while (this.#lines.length === 0) await this.#news()
      return this.#lines.shift()!
    } finally {
      this.#hide(false)
      process.stdout.write('\n')
    }
  }

  /** @throws ToolError when the person stops meanwhile */
  async pause(milliseconds: number): Promise<void> {
    const timer = setTimeout(() => this.#wake(), milliseconds)
    await this.#news().finally(() => clearTimeout(timer))
  }

  /** Stops listening, so that another program can have the terminal. */
  close(): void {
    process.stdin.removeAllListeners('data').removeAllListeners('end').pause()
  }

  async #news(): Promise<void> {
    if (!this.#cancelled && !(this.#ended && this.#lines.length === 0)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#cancelled) throw this.#cancelled
    if (this.#ended && this.#lines.length === 0) throw new ToolError('cancelled: the input ended')
  }

  #cancel(why: string): void {
    this.#cancelled = new ToolError(why)
    this.#wake()
  }

  #take(text: string): void {
    for (const character of text) {
      if (this.#hidden && character === '\x03') this.#cancel('cancelled by the user')
      else if (this.#hidden && (character === '\x7f' || character === '\b')) this.#typed = this.#typed.slice(0, -1)
      else if (character === '\n' || (character === '\r' && this.#hidden)) {
        this.#lines.push(this.#typed.replace(/\r$/, ''))
        this.#typed = ''
      } else this.#typed += character
    }
    this.#wake()
  }

  /** A terminal must not echo; a pipe has none. */
  #hide(hide: boolean): void {
    if (!process.stdin.isTTY) return
    this.#hidden = hide
    process.stdin.setRawMode(hide)
  }
}
