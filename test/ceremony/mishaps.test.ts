/** What can happen to a station, with the real thing: file systems, namespaces, processes. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { entriesOf, remove } from '../e2e/rehearsal.ts'
import { inNamespace } from './namespace.ts'
import { carry, layOut, runbookOf, STEPS } from './small.ts'

const CARRY = fileURLToPath(new URL('./carry.ts', import.meta.url))
const transcript = (dir: string): string => join(dir, 'transcript.intoto.jsonl')

interface Ended {
  readonly code: number | null
  readonly said: { code?: string; message?: string; found?: string; advice?: string; exitCode?: number }
}

/** Runs a ceremony's folder on to its end or stop, in a process of its own, behind a shell's preparations. */
async function carryBehind(script: string, dir: string): Promise<Ended> {
  const unshare = ['--user', '--map-root-user', '--mount', '--net', 'sh', '-ec', `${script}\nexec "$@"`, 'sh']
  const child = spawn('unshare', [...unshare, process.execPath, CARRY, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8')
  })
  const [code] = await once(child, 'close')
  return { code, said: text === '' ? {} : JSON.parse(text) }
}

let laidOut: string
let dir: string
const dirs: string[] = []

/** The same folder as often as it is wanted: keys take long to make. */
function fresh(): string {
  const copy = mkdtempSync(join(tmpdir(), 'ceremony-mishap-'))
  cpSync(laidOut, copy, { recursive: true })
  dirs.push(copy)
  return copy
}

beforeAll(async () => {
  laidOut = await layOut(runbookOf(STEPS).replace('room: { network: azure }', 'room: { network: none }'), {})
  dirs.push(laidOut)
})
beforeAll(() => () => dirs.forEach(remove))
afterEach(() => dirs.splice(1).forEach(remove))

describe('a station that must have no network', () => {
  inNamespace('goes on where there is none', async () => {
    dir = fresh()
    expect(await carryBehind('', dir)).toEqual({ code: 0, said: {} })
    const { evidence, waiver } = entriesOf(dir)[1] as { evidence: object; waiver: unknown }
    expect(waiver).toBeNull()
    expect(evidence).toMatchObject({ network: [], routes: [], default_route: false })
    expect(evidence).toMatchObject({
      software: { node: process.version, node_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      clock: { since_last_entry: expect.any(Number) },
      disk: { free_bytes: expect.any(Number) },
    })
    expect(await verifyTranscript(dir)).toMatchObject({ ok: true, closed: true })
  })

  inNamespace('stops where an interface is up, of IPv6 alone too, and goes on when it is down again', async () => {
    dir = fresh()
    const cable = 'ip link add cable0 type veth peer name cable1 && ip link set cable1 up && ip link set cable0 up'
    for (const network of [`${cable} && ip addr add 192.0.2.7/24 dev cable0`, `${cable} && ip -6 addr add fd00::7/64 dev cable0 nodad`]) {
      const { code, said } = await carryBehind(network, dir)
      expect(said).toMatchObject({ code: 'station/has-network', found: expect.stringContaining('cable0'), exitCode: 3 })
      expect(code).toBe(3)
    }
    expect(entriesOf(dir).map(({ kind }) => kind)).toEqual(['opened'])
    expect(await carryBehind(`${cable} && ip link set cable0 down && ip link set cable1 down`, dir)).toEqual({ code: 0, said: {} })
    expect(await verifyTranscript(dir)).toMatchObject({ ok: true, closed: true })
  })
})

describe('a disk', () => {
  inNamespace('that is nearly full is not begun on', async () => {
    dir = fresh()
    const { code, said } = await carryBehind(onTmpfs(dir, '1m'), dir)
    expect(said).toMatchObject({ code: 'station/no-room', found: expect.stringMatching(/KiB and \d+ inodes free/), exitCode: 3 })
    expect(code).toBe(3)
  })

  inNamespace('that fills up in the midst of things: what was recorded is whole, and with room it goes on', async () => {
    const stops = new Set<number>()
    for (const room of [20, 40, 60, 90]) {
      dir = fresh()
      // All but so many KiB are taken once the ceremony has begun.
      const fill = `(while ! test -s ${transcript(dir)}; do sleep 0.02; done
        free=$(stat -f -c '%a * %S / 1024' ${dir}); head -c $(( ($free - ${room}) * 1024 )) /dev/zero > ${dir}/ballast 2>/dev/null) &`
      const saved = join(dirs[0]!, `saved-${room}`)
      const keep = `trap 'rm -f ${dir}/ballast; mkdir -p ${saved}; cp -a ${dir}/. ${saved}/' EXIT`
      const { said } = await carryBehind(`${onTmpfs(dir, '32m')}\n${keep}\n${fill}\n"$@" || { code=$?; exit $code; }; exit 0`, dir)
      if (said.code === undefined) continue
      expect(said).toMatchObject({ code: 'folder/full', advice: expect.stringContaining('Make room, then resume'), exitCode: 3 })
      const before = entriesOf(saved)
      stops.add(before.length)
      expect(await carryBehind('', saved)).toEqual({ code: 0, said: {} })
      expect(entriesOf(saved).slice(0, before.length)).toEqual(before)
      expect(await verifyTranscript(saved)).toMatchObject({ ok: true, closed: true, findings: [] })
    }
    expect(stops.size).toBeGreaterThan(0)
  })

  inNamespace('that is read-only', async () => {
    dir = fresh()
    const { code, said } = await carryBehind(`mount --bind ${dir} ${dir} && mount -o remount,bind,ro ${dir}`, dir)
    expect(said).toMatchObject({ code: 'folder/read-only', advice: expect.stringContaining('then resume'), exitCode: 3 })
    expect(code).toBe(3)
    expect(await carryBehind('', dir)).toEqual({ code: 0, said: {} })
  })
})

/** A small file system in the place of a folder, with what was in it. */
const onTmpfs = (folder: string, size: string): string =>
  `copy=$(mktemp -d); cp -a ${folder}/. $copy/
   mount -t tmpfs -o size=${size} none ${folder}; cp -a $copy/. ${folder}/; rm -rf $copy`

describe('a clock', () => {
  test('that was set back behind the last entry stops the ceremony; set right, it goes on', async () => {
    dir = await layOut(runbookOf(STEPS), { records: {} })
    dirs.push(dir)
    const setup = parse(readFileSync(join(dir, 'setup.yaml'), 'utf8')) as { clock?: object }
    const at = Date.now()
    // A faster clock reads 2 t − origin: a later origin sets it back.
    const set = (origin: number): void => writeFileSync(join(dir, 'setup.yaml'), stringify({ ...setup, clock: { origin, scale: 2 } }))
    set(at)
    await expect(carry(dir)).rejects.toMatchObject({ code: 'answers/record' })
    const before = readFileSync(transcript(dir))
    set(at + 3600_000)
    await expect(carry(dir)).rejects.toMatchObject({
      code: 'clock/behind',
      found: expect.stringMatching(/T.*Z here; 3\d\d\d s before the last entry/),
      exitCode: 3,
    })
    expect(readFileSync(transcript(dir))).toEqual(before)
    set(at)
    await expect(carry(dir)).rejects.toMatchObject({ code: 'answers/record' })
  })
})

describe('two processes on one ceremony', () => {
  test('the second is refused and told which process holds it', async () => {
    dir = fresh()
    mkdirSync(join(dir, 'artifacts', 'sha256'), { recursive: true })
    const { lockFolder } = await import('../../engine/src/transcript/lock.ts')
    const unlock = lockFolder(dir)
    const { code, said } = await carryBehind('', dir)
    unlock()
    expect(said).toMatchObject({ code: 'folder/in-use', found: expect.stringContaining(`process ${process.pid}`), exitCode: 3 })
    expect(code).toBe(3)
    expect(await carryBehind('', dir)).toEqual({ code: 0, said: {} })
  })
})
