/**
 * What engine and plugin process say to each other over IPC (structured clone, so bytes travel as bytes). The plugin
 * asks doors, the engine answers; nothing else crosses. Every answer carries the ceremony's time, which is the only time
 * a plugin sees.
 */
import type { Cloud, Needs } from './contract.ts'

/** What is asked of a plugin: say in words, do, or find out after a crash whether it was done. */
export type CallKind = 'says' | 'run' | 'reconcile'

export interface Call {
  readonly kind: 'call'
  readonly id: number
  readonly what: CallKind
  readonly action: string
  readonly input: unknown
  /** 32 bytes; all randomness of this call grows from it. */
  readonly seed: Uint8Array
  /** Milliseconds since the epoch, of the ceremony's clock. */
  readonly time: number
  readonly cloud: Cloud | null
}

export type DoorName = 'http' | 'pkcs11' | 'command' | 'artifact' | 'clock'

/** A request to a door. `request` is plain data; its shape belongs to the door. */
export interface Ask {
  readonly kind: 'ask'
  readonly id: number
  readonly door: DoorName
  readonly request: unknown
  /** How many answers of this call the plugin had when it asked: what it asked can rest on no others. */
  readonly after: number
}
/** The plugin no longer waits for that ask (a timer that was cleared). */
export interface Withdraw {
  readonly kind: 'withdraw'
  readonly id: number
}
export interface Answer {
  readonly kind: 'answer'
  readonly id: number
  readonly time: number
  readonly reply: Reply
}
export type Reply = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: ErrorData }

/** A PluginError as data; `code` alone tells what kind of error it is. */
export interface ErrorData {
  readonly code: string
  readonly message: string
  readonly found: string
  readonly expected: string
  readonly changed: string
  readonly advice: string
}

export interface Result {
  readonly kind: 'result'
  readonly id: number
  readonly reply: Reply
}
export interface Log {
  readonly kind: 'log'
  readonly text: string
}
/** The first message of a plugin process. */
export interface Ready {
  readonly kind: 'ready'
  readonly manifest: Manifest
}
export interface Manifest {
  readonly name: string
  readonly title: string
  readonly needs: Needs
  readonly actions: Readonly<
    Record<
      string,
      {
        readonly title: string
        readonly input: Readonly<Record<string, unknown>>
        readonly output: Readonly<Record<string, unknown>>
        readonly readsOnly: boolean
        readonly reconciles: boolean
      }
    >
  >
}
/** The plugin module could not be loaded. */
export interface Broken {
  readonly kind: 'broken'
  readonly error: ErrorData
}

export type FromPlugin = Ready | Broken | Ask | Withdraw | Result | Log
export type ToPlugin = Call | Answer
