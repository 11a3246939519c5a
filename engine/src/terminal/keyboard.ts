/**
 * The keys that people press, one line at a time. The terminal is in raw mode for as long as this listens, so that Ctrl-C is
 * a key like any other and no program beside the ceremony is struck by it, and so that nothing typed shows by itself: what
 * is typed while nothing is asked is thrown away.
 */
import type { ReadStream } from 'node:tty'

/** What a person did at a question. */
export type Typed = { readonly line: string } | { readonly key: 'interrupt' | 'end' }

interface Reader {
  text: string
  readonly hidden: boolean
  readonly done: (typed: Typed) => void
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what keys send
const ESCAPE_SEQUENCE = /\x1b(\[[0-9;?]*[ -/]*[@-~]|O.|.)?/g
const MAX_LINE = 4096

export class Keyboard {
  readonly #input: ReadStream
  readonly #echo: (text: string) => void
  readonly #onInterrupt: () => void
  readonly #decoder = new TextDecoder('utf-8')
  #reader: Reader | undefined
  #ended = false

  /**
   * @param echo shows what is typed
   * @param onInterrupt called for Ctrl-C while nothing is asked
   */
  constructor(input: ReadStream, echo: (text: string) => void, onInterrupt: () => void) {
    this.#input = input
    this.#echo = echo
    this.#onInterrupt = onInterrupt
    input.setRawMode(true)
    input.on('data', this.#take)
    input.on('end', this.#end)
    // A terminal that goes away is read with an error.
    input.on('error', this.#end)
    input.resume()
  }

  /** Reads one line; a hidden one leaves no trace on the screen, not even its length. */
  read(hidden: boolean): Promise<Typed> {
    if (this.#reader) throw new Error('one question at a time')
    if (this.#ended) return Promise.resolve({ key: 'end' })
    return new Promise((done) => {
      this.#reader = { text: '', hidden, done }
    })
  }

  /** Gives the terminal back as it was. */
  close(): void {
    this.#input.off('data', this.#take)
    this.#input.off('end', this.#end)
    this.#input.off('error', this.#end)
    if (!this.#input.destroyed) this.#input.setRawMode(false)
    this.#input.pause()
  }

  readonly #end = (): void => {
    this.#ended = true
    this.#finish({ key: 'end' })
  }

  readonly #take = (bytes: Buffer): void => {
    // Arrows and the like mean nothing here.
    const text = this.#decoder.decode(bytes, { stream: true }).replace(ESCAPE_SEQUENCE, '')
    for (const character of text) this.#press(character)
  }

  #press(character: string): void {
    const reader = this.#reader
    if (character === '\x03') {
      if (reader) this.#finish({ key: 'interrupt' })
      else this.#onInterrupt()
    } else if (!reader) return
    else if (character === '\r' || character === '\n') this.#finish({ line: reader.text })
    else if (character === '\x04') {
      if (reader.text === '') this.#finish({ key: 'interrupt' })
    } else if (character === '\x7f' || character === '\b') this.#erase(reader, 1)
    else if (character === '\x15') this.#erase(reader, [...reader.text].length)
    else if (character >= ' ' && reader.text.length < MAX_LINE) {
      reader.text += character
      if (!reader.hidden) this.#echo(character)
    }
  }

  #erase(reader: Reader, count: number): void {
    const characters = [...reader.text]
    const erased = characters.splice(characters.length - count, count).length
    reader.text = characters.join('')
    if (!reader.hidden) this.#echo('\b \b'.repeat(erased))
  }

  #finish(typed: Typed): void {
    const reader = this.#reader
    if (!reader) return
    this.#reader = undefined
    this.#echo('\n')
    reader.done(typed)
  }
}
