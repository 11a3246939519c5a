/**
 * Where people sit: questions on the screen, one at a time, and answers from the keyboard. Ctrl-C opens the menu at any
 * question; a second one stops at once.
 */
import { CeremonyError } from '../ceremony/error.ts'
import type { Board } from './board.ts'
import { Keyboard } from './keyboard.ts'
import { wrap } from './layout.ts'

/** What is under way while a question stands: nothing; a signature; or a step, whose plugin or vendor's program waits for the answer. */
export type During = 'rest' | 'signing' | 'step'

export interface Question {
  /** Ends with what is typed behind it. */
  readonly text: string
  readonly during: During
  /** Nothing of the answer shows. */
  readonly hidden?: boolean
  /** The answer goes into the transcript, for everyone to read. */
  readonly kept?: boolean
  /** @returns what is wrong with the answer, in words; undefined if it will do */
  check?(line: string): string | undefined
}

/** Those present want to stop: for now, or for good. */
export class LeavingError extends CeremonyError {
  readonly wish: 'pause' | 'abort'
  constructor(wish: 'pause' | 'abort') {
    super(`ceremony/${wish === 'pause' ? 'paused' : 'abort-wanted'}`, wish === 'pause' ? 'Paused.' : 'The ceremony is to be aborted.', {
      found: 'the wish of those present',
      expected: 'the ceremony to go on',
      advice: 'Everything up to here is in the transcript.',
      exitCode: 3,
    })
    this.wish = wish
  }
}

/** What is needed to ask. */
export interface Asking {
  readonly width: number
  /** Writes lines as they are. */
  show(lines: readonly string[]): void
  /** Writes text, wrapped. */
  say(text: string): void
  /**
   * Asks until there is an answer that will do.
   * @throws LeavingError, or what the menu throws
   */
  ask(question: Question): Promise<string>
}

export class Desk implements Asking {
  readonly #columns: () => number
  readonly #write: (text: string) => void
  readonly #keyboard: Keyboard
  readonly #stopped = Promise.withResolvers<never>()
  #queue: Promise<unknown> = Promise.resolve()
  #menus = 0
  #asking = false
  #struck = false
  /** Opened by Ctrl-C. May throw what the asker is to know. */
  menu: (during: During) => Promise<void> = async () => {}
  /** Looks at what is about to be kept. @returns why it must not be, in words */
  refuse: (line: string) => Promise<string | undefined> = async () => undefined
  /** Called before a question is put, to write what it follows on. */
  beforeAsking: () => void = () => {}
  #reading = false
  #board: Pick<Board, 'away' | 'later'> | undefined

  /** @param columns how wide the screen is now */
  constructor(input: NodeJS.ReadStream, write: (text: string) => void, columns: () => number) {
    this.#columns = columns
    this.#write = write
    this.#keyboard = new Keyboard(input, write, () => void this.#interrupted())
    this.#stopped.promise.catch(() => {})
  }

  /** What moves on the screen from now on; it is away whenever something is written or asked. */
  set board(board: Pick<Board, 'away' | 'later'>) {
    this.#board = board
  }

  get width(): number {
    return this.#columns()
  }

  /** Rejects when people want to stop at once. */
  get stopped(): Promise<never> {
    return this.#stopped.promise
  }

  /** For questions of the menu's own, while the question that it was opened at still stands. */
  get inMenu(): Asking {
    return { width: this.width, show: (lines) => this.show(lines), say: (text) => this.say(text), ask: (question) => this.#ask(question) }
  }

  show(lines: readonly string[]): void {
    this.#board?.away()
    this.#write(lines.map((line) => `${line}\n`).join(''))
    if (!this.#reading) this.#board?.later()
  }

  say(text: string, indent = '  '): void {
    this.show(wrap(text, this.width, indent))
  }

  ask(question: Question): Promise<string> {
    return this.#oneAtATime(async () => {
      this.#asking = true
      try {
        return await this.#ask(question)
      } finally {
        this.#asking = false
        this.#struck = false
      }
    })
  }

  /** Gives the terminal back. */
  close(): void {
    this.#board?.away()
    this.#keyboard.close()
  }

  /** @returns the answer to a question of the menu; undefined for Ctrl-C */
  async askInMenu(question: Omit<Question, 'during'>): Promise<string | undefined> {
    for (;;) {
      const typed = await this.#read(question.text, question.hidden ?? false)
      if (!('line' in typed)) return undefined
      const complaint = question.check?.(typed.line) ?? (question.kept ? await this.refuse(typed.line) : undefined)
      if (complaint === undefined) return typed.line
      this.say(complaint)
    }
  }

  /** Stops at once: rejects `stopped`, and never comes back. */
  stop(why: string): Promise<never> {
    this.#stopped.reject(new Error(why))
    return new Promise(() => {})
  }

  async #ask({ text, during, hidden = false, kept = false, check }: Question): Promise<string> {
    for (;;) {
      const typed = await this.#read(text, hidden)
      if (!('line' in typed)) {
        if (typed.key === 'end') return this.stop('the terminal was closed')
        await this.#openMenu(during)
        continue
      }
      const complaint = check?.(typed.line) ?? (kept ? await this.refuse(typed.line) : undefined)
      if (complaint === undefined) return typed.line
      this.say(complaint)
    }
  }

  async #read(text: string, hidden: boolean) {
    this.beforeAsking()
    this.#board?.away()
    const lines = wrap(text, this.width, '  ')
    this.#write(`${lines.join('\n')} `)
    if (!this.#struck) {
      this.#reading = true
      try {
        return await this.#keyboard.read(hidden)
      } finally {
        this.#reading = false
        this.#board?.later()
      }
    }
    this.#struck = false
    this.#write('\n')
    return { key: 'interrupt' as const }
  }

  async #openMenu(during: During): Promise<void> {
    this.#menus++
    try {
      await this.menu(during)
    } finally {
      this.#menus--
    }
  }

  /** Ctrl-C while nothing was asked. */
  async #interrupted(): Promise<void> {
    if (this.#menus > 0) return
    // Struck between two readings of a question that stands: it counts for that question.
    if (this.#asking) {
      this.#struck = true
      return
    }
    await this.#oneAtATime(() => this.#openMenu('step')).catch((error: unknown) => {
      if (!(error instanceof LeavingError)) throw error
    })
  }

  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work)
    this.#queue = turn.catch(() => {})
    return turn
  }
}

/** @returns whether there is a terminal to ask at */
export function hasTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** The desk at this program's terminal. Questions go to stderr, for results go to stdout. */
export function deskHere(): Desk {
  const { stdin, stderr } = process
  return new Desk(
    stdin,
    (text) => void stderr.write(text),
    () => stderr.columns || 80,
  )
}
