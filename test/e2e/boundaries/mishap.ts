/** What can happen at a boundary. */
export type Mishap =
  /** The process, its children and all else of its group end without warning. */
  | 'kill'
  /** The same, a few milliseconds after what was about to be done was begun: while a program, a service or an HSM works. */
  | 'kill soon'
  /** Power fails while bytes are written: half of them got there. */
  | 'torn'
  /** Half of the bytes got there, then no more, until the process ends. */
  | 'disk full'
  /** This one call fails with EIO. */
  | 'write error'
  /** The vendor's program that is about to be started, or the process with the HSM's library, is killed soon after. */
  | 'program dies'
  /** The module is gone from the machine, until somebody plugs it in again. */
  | 'HSM unplugged'
  /** The card that is in the reader is not in it any longer. */
  | 'card pulled'

/** A mishap at a boundary. */
export interface Point {
  readonly at: string
  readonly mishap: Mishap
}

/** The twin's record of its module, below the ceremony's folder; and where it is while it is unplugged. */
export const MODULE = 'rehearsal/nshield/module.json'
export const UNPLUGGED = `${MODULE}.unplugged`
