/**
 * What a plugin is, and the doors it acts through. This file is all that a plugin may import from the engine.
 *
 * A plugin runs in its own process with no network, no child processes, no addons and no writing: every effect is a
 * request to the engine, which performs it, records it, and answers. Secrets never enter a plugin's process; a plugin
 * names the secret and the door fills it in on the far side.
 */
import type { TokenCredential } from '@azure/core-auth'
import type { HttpClient } from '@azure/core-rest-pipeline'
import Type, { type Static, type TSchema } from 'typebox'

export { type Static, type TSchema, Type }

/** A named piece of a cloud that a plugin may talk to; the engine turns it into the hosts it lets through. */
export type CloudService = 'authority' | 'resource-manager' | 'vault' | 'blob'

/** What a plugin needs; it gets nothing else. */
export interface Needs {
  /** Cloud services it calls over HTTPS. */
  readonly http?: readonly CloudService[]
  /** Whether it talks to the HSM through PKCS#11. */
  readonly pkcs11?: boolean
  /** The vendor's programs it runs, by bare name, found in the station's tools folder. */
  readonly commands?: readonly string[]
}

export interface Plugin {
  readonly name: string
  readonly title: string
  readonly needs: Needs
  readonly actions: Readonly<Record<string, Action>>
}

/** One thing a runbook can ask a plugin to do. */
export interface Action<I extends TSchema = TSchema, O extends TSchema = TSchema> {
  /** A few words in the imperative: "Upload a key transfer blob". */
  readonly title: string
  /** What `with:` must hold: names in kebab-case, no additional properties. */
  readonly input: I
  /** What the action returns: names in snake_case, no additional properties. No secret may ever stand in it. */
  readonly output: O
  /** True if it changes nothing anywhere, so that it may simply run again after a crash. */
  readonly readsOnly?: boolean
  /** What will be done, in one plain sentence, for the officers who are about to sign it. */
  says(input: Static<I>): string
  run(input: Static<I>, context: Context): Promise<Static<O>>
  /** After a crash: finds out from the world whether the effect of `run` took place. Must change nothing. */
  reconcile?(input: Static<I>, context: Context): Promise<Reconciliation<Static<O>>>
}

export type Reconciliation<O> =
  | { readonly verdict: 'done'; readonly outputs: O; readonly facts: string }
  | { readonly verdict: 'not-done'; readonly facts: string }
  | { readonly verdict: 'unknown'; readonly facts: string }

/** The doors. Each records what passes. */
export interface Context {
  readonly cloud: Cloud
  readonly http: HttpDoor
  readonly pkcs11: Pkcs11Door
  readonly command: CommandDoor
  readonly artifact: ArtifactDoor
  readonly clock: Clock
  readonly random: Random
  /** Says something to the people at the station; goes to the screen, not into the transcript. */
  log(message: string): void
}

/** Where the cloud is, as the station's configuration says. Holds no secret. */
export interface Cloud {
  readonly name: string
  readonly tenant: string
  readonly subscription: string
  /** `https://login…` */
  readonly authority: string
  /** `https://management…` */
  readonly resourceManager: string
  /** Host suffixes without a leading dot, such as `vault.azure.net` and `blob.core.windows.net`. */
  readonly suffixes: { readonly vault: string; readonly blob: string; readonly sql: string }
}

export interface HttpDoor {
  /** The transport to hand to an Azure SDK client as `httpClient`. */
  readonly client: HttpClient
  /** The credential to hand to an Azure SDK client. Its tokens are stand-ins; the engine puts the real one on the wire. */
  readonly credential: TokenCredential
}

/** Bytes that the ceremony keeps, by content. */
export const Artifact = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$' }),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    size: Type.Integer({ minimum: 0 }),
  },
  { additionalProperties: false, title: 'Artifact' },
)
export type Artifact = Static<typeof Artifact>

export interface ArtifactDoor {
  put(name: string, bytes: Uint8Array): Promise<Artifact>
  /** @throws PluginError `artifact/missing` or `artifact/altered` */
  get(artifact: Artifact): Promise<Uint8Array>
}

export interface Clock {
  now(): Date
  sleep(milliseconds: number): Promise<void>
}

/** Randomness that is written down; never make a secret from it (key material comes from the HSM alone). */
export interface Random {
  bytes(count: number): Uint8Array
}

/** A secret that an officer holds, by name. The value goes from the officer to the tool or token and nowhere else. */
export interface SecretRequest {
  /** A stable name such as `operator-card/contoso/2`; asked for at every use, never kept. */
  readonly secret: string
  /** What to ask the officer: "Passphrase of operator card 2 of `contoso'". */
  readonly ask: string
}

/** Something that a person must do with their hands: put in a card, turn a switch. */
export interface HandsRequest {
  /** `insert-card`, `remove-card`, `set-mode`, … */
  readonly hands: string
  readonly ask: string
  /** Facts for the person (or the robot of a rehearsal): slot, kind of card, mode. */
  readonly details: Readonly<Record<string, string | number>>
}

/**
 * When the program's output (stdout and stderr as they come) matches `when`, the answer is given and matching goes on
 * behind the match. `$<name>` in the answer's strings stands for a named group of the match. The first rule that
 * matches at the earliest place wins.
 */
export interface Answer {
  /** Source of a regular expression (flag `m`). */
  readonly when: string
  readonly give: SecretRequest | HandsRequest | { readonly text: string }
  /** Set where this match means that the secret given last was wrong, so that the officer is told before asking again. */
  readonly wrong?: boolean
}

export interface CommandRequest {
  readonly program: string
  readonly args: readonly string[]
  readonly answers?: readonly Answer[]
  /** Variables for the program beside the station's own; no secrets. */
  readonly environment?: Readonly<Record<string, string>>
}

export interface CommandResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** Set when the people at the station could not do what was asked (no further card, say) and the program was ended. */
  readonly cancelled?: string
  /** What was answered, in order; secrets by name. */
  readonly answered?: readonly (
    | { readonly secret: string; readonly attempt: number }
    | { readonly hands: string }
    | { readonly text: string }
  )[]
}

export interface CommandDoor {
  /** Runs a program to its end. Does not throw for a bad exit code. @throws PluginError `command/not-found` */
  run(request: CommandRequest): Promise<CommandResult>
  /**
   * Starts a program that holds something open (a loaded card set) and waits for `ready` (a regular expression) in its
   * output. Without it the result is the program's own end. `release` ends the program; it is also ended with the step.
   */
  hold(request: CommandRequest, ready: string): Promise<{ readonly result?: CommandResult; release(): Promise<void> }>
  /** A path for a file that lives only as long as this step, for a program's arguments or environment. */
  scratch(name: string): string
}

/** PKCS#11 names (`CKA_LABEL`, `CKM_RSA_PKCS_OAEP`, `CKO_PRIVATE_KEY`, …) stand as strings. */
export type Pkcs11Value = string | number | boolean | Uint8Array
export type Template = Readonly<Record<string, Pkcs11Value>>
export interface Mechanism {
  readonly name: string
  /** For `CKM_RSA_PKCS_OAEP`: `hash` and `mgf` names; others take none. */
  readonly oaep?: { readonly hash: 'CKM_SHA_1' | 'CKM_SHA256'; readonly mgf: 'CKG_MGF1_SHA1' | 'CKG_MGF1_SHA256' }
}
export type Handle = string

export interface Pkcs11Door {
  /**
   * Opens a read-write session with the token of that label and logs in as the user.
   * @throws PluginError `pkcs11/no-token`, or `pkcs11/<CKR name in lower case>` such as `pkcs11/ckr_pin_incorrect`
   */
  open(request: {
    readonly token: string
    /** The user PIN; left out where a preloaded card set already opened the token. */
    readonly pin?: SecretRequest
    /** Variables for the library (`NFAST_…`, `CKNFAST_…`), beside the station's own. */
    readonly environment?: Readonly<Record<string, string>>
  }): Promise<Pkcs11Session>
}

export interface Pkcs11Session {
  /** Library and token, for the generator field of a blob: manufacturer, model, serial, firmware. */
  readonly token: { label: string; manufacturer: string; model: string; serial: string; firmware: string; library: string }
  /** Names of the token's mechanisms; unknown ones as `0x…`. */
  mechanisms(): Promise<readonly string[]>
  generateKeyPair(mechanism: Mechanism, publicKey: Template, privateKey: Template): Promise<{ publicKey: Handle; privateKey: Handle }>
  generateKey(mechanism: Mechanism, template: Template): Promise<Handle>
  createObject(template: Template): Promise<Handle>
  findObjects(template: Template): Promise<readonly Handle[]>
  /** Public attributes only; secret ones are refused by the door. Values come as bytes. */
  attributes(object: Handle, names: readonly string[]): Promise<Record<string, Uint8Array>>
  wrapKey(mechanism: Mechanism, wrappingKey: Handle, key: Handle): Promise<Uint8Array>
  destroyObject(object: Handle): Promise<void>
  close(): Promise<void>
}

/** How a plugin says that something went wrong: for people, with a stable code. */
export class PluginError extends Error {
  readonly code: string
  readonly found: string
  readonly expected: string
  /** What is different in the world now. */
  readonly changed: 'nothing' | 'unknown' | (string & {})
  readonly advice: string

  constructor(
    code: string,
    message: string,
    about: { found: string; expected: string; changed: 'nothing' | 'unknown' | (string & {}); advice: string; cause?: unknown },
  ) {
    super(message, { cause: about.cause })
    this.name = 'PluginError'
    this.code = code
    this.found = about.found
    this.expected = about.expected
    this.changed = about.changed
    this.advice = about.advice
  }
}

/**
 * For what an action does once its effect has taken place: looking at it, leaving things in order. A failure there says for
 * itself that nothing changed, which is true of it but not of the action.
 * @param changed what is different in the world by then
 * @throws PluginError saying that
 */
export async function afterEffect<T>(changed: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof PluginError) || error.changed !== 'nothing') throw error
    throw new PluginError(error.code, error.message, { ...about(error), changed })
  }
}

const about = ({ found, expected, advice, cause }: PluginError) => ({ found, expected, advice, cause })

/** Declares an action; only there for the types to be inferred. */
export function action<I extends TSchema, O extends TSchema>(definition: Action<I, O>): Action<I, O> {
  return definition
}

/** Declares a plugin; the default export of a plugin's package. */
export function definePlugin(plugin: {
  name: string
  title: string
  needs: Needs
  // biome-ignore lint/suspicious/noExplicitAny: actions of different inputs stand side by side
  actions: Record<string, Action<any, any>>
}): Plugin {
  return plugin
}
