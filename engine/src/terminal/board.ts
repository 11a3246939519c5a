/**
 * The live list: what is done, what is under way and for how long, what comes. It shows while a step is at work and nobody
 * is asked, and is gone before anything else is written, so that what stays on the screen reads like a log.
 */
import { DefaultRenderer, Listr, type ListrTask } from 'listr2'
import type { Room } from '../ceremony/people.ts'
import { duration } from './layout.ts'
import { printable } from './printable.ts'
import { standingOf } from './standing.ts'

/** After so much quiet the list comes up. */
const QUIET_MS = 500
/** Steps around the current one; with the lines above and below it fits into 24 rows. */
const STEPS_SHOWN = 10

export class Board {
  readonly #room: () => Room | undefined
  /** How long finished steps took, in words. */
  readonly #took = new Map<string, string>()
  #since: number | undefined
  #timer: NodeJS.Timeout | undefined
  #running: Promise<unknown> = Promise.resolve()
  #shown: { readonly put: () => void } | undefined

  constructor(room: () => Room | undefined) {
    this.#room = room
  }

  /** A step is at work from now on. */
  begin(): void {
    this.#since ??= Date.now()
    this.later()
  }

  /** The step is over. */
  finish(step: string, milliseconds?: number): void {
    if (milliseconds !== undefined) this.#took.set(step, duration(milliseconds))
    this.#since = undefined
    this.away()
  }

  /** Takes the list off the screen, at once. */
  away(): void {
    clearTimeout(this.#timer)
    this.#shown?.put()
    this.#shown = undefined
  }

  /** Shows the list again after some quiet, if a step is at work. */
  later(): void {
    clearTimeout(this.#timer)
    if (this.#since === undefined || this.#shown) return
    this.#timer = setTimeout(() => void this.#show(), QUIET_MS)
    this.#timer.unref()
  }

  async #show(): Promise<void> {
    await this.#running
    const room = this.#room()
    if (!room || this.#since === undefined || this.#shown) return
    const over = Promise.withResolvers<void>()
    let renderer: DefaultRenderer | undefined
    // The list's own end comes a moment later; it must not stand while something else is written.
    class Own extends DefaultRenderer {
      #ended = false
      override async render(): Promise<void> {
        await super.render()
        renderer = this
      }
      override end(): void {
        if (!this.#ended) super.end()
        this.#ended = true
      }
    }
    const list = new Listr(this.#tasks(room, this.#since, over.promise), {
      renderer: Own,
      rendererOptions: { clearOutput: true, collapseSubtasks: false },
      concurrent: false,
      registerSignalListeners: false,
    })
    this.#shown = {
      put: () => {
        renderer?.end()
        over.resolve()
      },
    }
    this.#running = list.run().catch(() => {})
  }

  #tasks(room: Room, since: number, over: Promise<void>): ListrTask[] {
    const standing = standingOf(room.runbook, room.history)
    const at = standing.findIndex(({ state }) => state === 'now')
    const phase = standing[at]?.step.phase
    const before = standing.filter(({ step, state }) => state === 'done' && step.phase !== phase).length
    const here = standing.filter(({ step }) => step.phase === phase)
    const first = Math.max(0, Math.min(here.findIndex(({ state }) => state === 'now') - 4, here.length - STEPS_SHOWN))
    const after = standing.filter(({ step, state }) => state === 'to come' && step.phase !== phase).length
    const quick = (title: string): ListrTask => ({ title, task: () => {} })
    return [
      ...(before > 0 ? [quick(`${before} steps of earlier phases done`)] : []),
      ...here.slice(first, first + STEPS_SHOWN).map(({ step, state, instances }): ListrTask => {
        const turn = instances.findIndex((each) => each.state === 'now')
        const which = turn < 0 ? '' : `, ${instances[turn]!.key} (${turn + 1} of ${instances.length})`
        const title = printable(`${step.title}${which}`)
        if (state === 'done') return quick(`${title} (done${this.#took.has(step.id) ? `, ${this.#took.get(step.id)}` : ''})`)
        if (state === 'to come') return { title: `${title} (to come)`, task: () => over }
        return {
          title,
          task: async (_, task) => {
            const tell = (): void => {
              task.title = `NOW: ${title} (${duration(Math.floor((Date.now() - since) / 1000) * 1000)})`
            }
            tell()
            const ticking = setInterval(tell, 1000)
            await over
            clearInterval(ticking)
          },
        }
      }),
      ...(after > 0 ? [{ title: `${after} steps of later phases to come`, task: () => over }] : []),
    ]
  }
}

/** @returns whether this terminal can show a moving list: large enough, and not asked for lines only */
export function canMove(stdout: NodeJS.WriteStream, plain: boolean): boolean {
  return !plain && stdout.isTTY && process.env.TERM !== 'dumb' && stdout.columns >= 80 && stdout.rows >= 24
}
