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
