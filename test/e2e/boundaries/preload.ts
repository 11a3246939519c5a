/**
 * Preloaded into a `ceremony` process by `node --import`: counts the boundaries at which power could fail (each write,
 * sync, rename and removal in the ceremony's folder, each signature, each message, request and program that has an effect)
 * and brings about a mishap at one of them. What it is to do stands in the query of its own URL, so the product needs no
 * hooks: `?dir=…` the ceremony; `&log=FILE` to list every boundary; `&plan=FILE` the mishaps that are to come about (a list of
 * `Point` in JSON), with `&hit=FILE` to note those that did.
 *
 * A boundary is named by what the transcript says at that moment and what is about to be done, so that the same name
 * means the same moment in another run, and in a resumed one.
 */
import childProcess, { type ChildProcess } from 'node:child_process'
import crypto from 'node:crypto'
import fs from 'node:fs'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import { join, relative } from 'node:path'
import { setTimeout as later } from 'node:timers'
import { type Mishap, MODULE, type Point, UNPLUGGED } from './mishap.ts'

const asked = new URL(import.meta.url).searchParams
const dir = asked.get('dir')!
const log = asked.get('log')
const planFile = asked.get('plan')
const hit = asked.get('hit')
const plan: Point[] = planFile ? (JSON.parse(fs.readFileSync(planFile, 'utf8')) as Point[]) : []

const real = { ...fs }
const transcript = join(dir, 'transcript.intoto.jsonl')
const paths = new Map<number, string>()
const counts = new Map<string, number>()
let place = 'start'
let diskIsFull = false
/** Inside a call of node:fs that makes use of others. */
let within = false

/** What the last line of the transcript says: where the ceremony stands. */
function readPlace(): void {
  if (!real.existsSync(transcript)) return
  // Behind the last newline may stand half a line.
  const last = real.readFileSync(transcript, 'utf8').split('\n').at(-2)
  if (last) placeAfter(last)
}

function placeAfter(line: string): void {
  const payload = Buffer.from((JSON.parse(line) as { payload: string }).payload, 'base64').toString('utf8')
  const { kind, step, instance } = JSON.parse(payload).predicate as { kind: string; step?: string; instance?: string | null }
  place = [kind, step && (instance ? `${step}[${instance}]` : step)].filter(Boolean).join(' ')
  counts.clear()
}

/** @returns the file's name as it is the same in every run */
function nameOf(path: string): string {
  return relative(dir, path)
    .replace(/[0-9a-f]{64}/, '#')
    .replace(/writer\..*\.lock/, 'writer.lock')
    .replace(/torn-.*\.bytes/, 'torn.bytes')
}

const die = (): void => {
  process.kill(-process.pid, 'SIGKILL')
}

/** @returns the mishap that is to happen instead of what was about to be done */
function reach(what: string, writes: boolean): Mishap | undefined {
  const count = (counts.get(what) ?? 0) + 1
  counts.set(what, count)
  const name = `${place} > ${what}${count > 1 ? ` (${count})` : ''}`
  if (log) real.appendFileSync(log, `${name}\n`)
  if (diskIsFull && writes) return 'disk full'
  const index = plan.findIndex(({ at }) => at === name)
  if (index < 0) return undefined
  const [point] = plan.splice(index, 1)
  const { mishap } = point!
  if (hit) real.appendFileSync(hit, `${JSON.stringify(point)}\n`)
  if (mishap === 'kill') die()
  if (mishap === 'kill soon') later(die, after())
  if (mishap === 'disk full') diskIsFull = true
  if (mishap === 'HSM unplugged') real.renameSync(join(dir, MODULE), join(dir, UNPLUGGED))
  if (mishap === 'card pulled') {
    const slot = join(dir, 'rehearsal', 'nshield', 'slot.json')
    if (real.existsSync(slot)) real.writeFileSync(slot, JSON.stringify({ ...JSON.parse(real.readFileSync(slot, 'utf8')), card: null }))
  }
  return mishap
}

/** Some milliseconds, in which a program gets now further, now less far. */
const after = (): number => 2 + ((plan.length * 7) % 40)

/** Throws what the kernel would say. */
function fail(mishap: Mishap | undefined, call: string): void {
  if (mishap === 'disk full')
    throw Object.assign(new Error(`ENOSPC: no space left on device, ${call}`), { code: 'ENOSPC', errno: -28, syscall: call })
  if (mishap === 'write error') throw Object.assign(new Error(`EIO: i/o error, ${call}`), { code: 'EIO', errno: -5, syscall: call })
}

const isOurs = (path: unknown): path is string =>
  typeof path === 'string' && !relative(dir, path).startsWith('..') && path !== log && path !== hit
const pathOf = (file: unknown): string | undefined =>
  within ? undefined : typeof file === 'number' ? paths.get(file) : isOurs(file) ? file : undefined

fs.openSync = ((path: string, flags: string | number = 'r', mode?: number) => {
  const creates = typeof flags === 'number' ? (flags & fs.constants.O_CREAT) !== 0 : flags !== 'r'
  if (isOurs(path) && creates && !within && !real.existsSync(path)) fail(reach(`create ${nameOf(path)}`, true), 'open')
  const file = real.openSync(path, flags, mode)
  if (isOurs(path)) paths.set(file, path)
  return file
}) as typeof fs.openSync

fs.closeSync = (file) => {
  paths.delete(file)
  real.closeSync(file)
}

function inside<T>(work: () => T): T {
  within = true
  try {
    return work()
  } finally {
    within = false
  }
}

/** Half of the bytes get there, as when a disk fills up or power fails. */
function tear(file: number | string, bytes: Uint8Array, mishap: Mishap | undefined, position?: number): void {
  if (mishap !== 'disk full' && mishap !== 'torn') return
  const half = bytes.subarray(0, bytes.length >> 1)
  if (typeof file === 'number') real.writeSync(file, half, 0, half.length, position ?? null)
  else inside(() => real.appendFileSync(file, half))
  if (mishap === 'torn') die()
}

fs.writeSync = ((file: number, data: Uint8Array | string, ...rest: [number?, number?, (number | null)?]) => {
  const path = pathOf(file)
  if (path === undefined) return real.writeSync(file, data as Uint8Array, ...rest)
  const mishap = reach(`write ${nameOf(path)}`, true)
  tear(file, Buffer.from(data as Uint8Array), mishap, rest[2] ?? undefined)
  fail(mishap, 'write')
  const written = real.writeSync(file, data as Uint8Array, ...rest)
  if (path === transcript) placeAfter(Buffer.from(data as Uint8Array).toString('utf8'))
  return written
}) as typeof fs.writeSync

for (const call of ['writeFileSync', 'appendFileSync'] as const) {
  fs[call] = ((file: number | string, data: Uint8Array | string, options?: object) => {
    const path = pathOf(file)
    if (path !== undefined) {
      const mishap = reach(`write ${nameOf(path)}`, true)
      tear(file, Buffer.from(data as Uint8Array), mishap)
      fail(mishap, 'write')
    }
    return inside(() => real[call](file, data, options as never))
  }) as typeof fs.writeFileSync
}

for (const call of ['fsyncSync', 'fdatasyncSync'] as const) {
  fs[call] = (file: number) => {
    const path = pathOf(file)
    if (path !== undefined) fail(reach(`sync ${nameOf(path) || '.'}`, true), call === 'fsyncSync' ? 'fsync' : 'fdatasync')
    real[call](file)
  }
}

fs.renameSync = (from, to) => {
  if (isOurs(to)) fail(reach(`rename to ${nameOf(to)}`, true), 'rename')
  real.renameSync(from, to)
}

for (const call of ['rmSync', 'ftruncateSync', 'truncateSync'] as const) {
  const original = real[call] as (file: unknown, ...rest: unknown[]) => void
  ;(fs as unknown as Record<string, unknown>)[call] = (file: unknown, ...rest: unknown[]) => {
    const path = pathOf(file)
    // A full disk does not keep anyone from removing.
    if (path !== undefined && real.existsSync(path)) {
      const mishap = reach(`${call === 'rmSync' ? 'remove' : 'cut'} ${nameOf(path)}`, false)
      if (mishap === 'write error') fail(mishap, 'unlink')
    }
    original(file, ...rest)
  }
}

const sign = crypto.sign
crypto.sign = ((...args: Parameters<typeof sign>) => {
  reach('sign', false)
  return sign(...args)
}) as typeof crypto.sign

const { request } = https
https.request = ((url: URL, options: { method?: string }, ...rest: unknown[]) => {
  reach(`request ${options.method} ${url.host}`, false)
  return (request as (...args: unknown[]) => unknown)(url, options, ...rest)
}) as typeof https.request

function dying(child: ChildProcess, mishap: Mishap | undefined): ChildProcess {
  if (mishap === 'program dies') later(() => child.kill('SIGKILL'), after())
  return child
}

const { spawn } = childProcess
childProcess.spawn = ((program: string, ...rest: unknown[]) => {
  const mishap = reach(`start ${program.split('/').at(-1)}`, false)
  return dying((spawn as (...args: unknown[]) => ChildProcess)(program, ...rest), mishap)
}) as typeof childProcess.spawn

const { fork } = childProcess
childProcess.fork = ((module: string, ...rest: unknown[]) => {
  const child = (fork as (...args: unknown[]) => ChildProcess)(module, ...rest)
  const send = child.send.bind(child) as (...args: unknown[]) => boolean
  child.send = ((message: { kind?: string; what?: string; op?: string }, ...further: unknown[]) => {
    dying(child, reach(`send ${message.what ?? message.kind ?? message.op ?? ''}`, false))
    return send(message, ...further)
  }) as typeof child.send
  return child
}) as typeof childProcess.fork

readPlace()
syncBuiltinESMExports()
