import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Envelope } from '../../engine/src/transcript/dsse.ts'
import { LockedError, lockFolder } from '../../engine/src/transcript/lock.ts'
import { artifactPath, readEntries, TranscriptStore } from '../../engine/src/transcript/store.ts'
import { folder, linesOf, plan, seal, sha256, shortPlan, statementOf, transcriptOf, writeShort } from './sample.ts'

const WRITER = fileURLToPath(new URL('writer.ts', import.meta.url))
const locksIn = (dir: string): string[] => readdirSync(dir).filter((name) => name.endsWith('.lock'))
const sealed = async (store: TranscriptStore, index: number): Promise<Envelope> => {
  const entry = plan()[index]!
  return seal(statementOf(entry, store.head), [entry.station, ...entry.by])
}
const startWriter = async (dir: string, ...args: string[]): Promise<ChildProcess> => {
  const writer = fork(WRITER, [dir, ...args], { execArgv: [] })
  await once(writer, 'message')
  return writer
}
const kill = async (writer: ChildProcess): Promise<void> => {
  writer.kill('SIGKILL')
  if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit')
}

describe('appending', () => {
  test('chains, and what was appended is read back', async () => {
    const dir = folder()
    const store = await TranscriptStore.open(join(dir, 'new', 'ceremony'))
    expect(store.head).toBeUndefined()
    for (const index of [0, 1, 2]) store.append(await sealed(store, index))
    const lines = linesOf(store.dir)
    expect(store.head).toEqual({ sequence: 2, digest: sha256(lines[2]!) })
    const read = await Array.fromAsync(store.entries())
    expect(read.map(({ line, statement, digest }) => [line, statement.predicate.kind, digest])).toEqual([
      [1, 'opened', sha256(lines[0]!)],
      [2, 'arrived', sha256(lines[1]!)],
      [3, 'intent', sha256(lines[2]!)],
    ])
    store.close()
    const again = await TranscriptStore.open(store.dir)
    expect(again.head).toEqual(store.head)
    expect(locksIn(store.dir)).toHaveLength(1)
    again.close()
    expect(locksIn(store.dir)).toEqual([])
  })

  test('of an entry that could not be read again is refused, and nothing is written', async () => {
    const store = await TranscriptStore.open(folder())
    const envelope = await sealed(store, 0)
    expect(() => store.append({ ...envelope, payload: 'A'.repeat(18 * 1024 * 1024) })).toThrow('are allowed')
    expect(readFileSync(transcriptOf(store.dir)).length).toBe(0)
    store.append(envelope)
    store.close()
    expect(linesOf(store.dir)).toHaveLength(1)
  })

  test('to a transcript that was altered is refused with the line', async () => {
    const dir = await writeShort()
    const text = readFileSync(transcriptOf(dir), 'utf8')
    writeFileSync(transcriptOf(dir), text.replace('\n{"payload"', '\n{"pAyload"'))
    await expect(TranscriptStore.open(dir)).rejects.toThrow('line 2 of transcript.intoto.jsonl: not a DSSE envelope')
    expect(locksIn(dir)).toEqual([])
  })
})

describe('a torn last line', () => {
  test.each([1, 400, 200_000])('of %i bytes is kept aside and cut off; whole lines stay as they are', async (length) => {
    const dir = await writeShort()
    const whole = readFileSync(transcriptOf(dir))
    const torn = Buffer.alloc(length, '{"payload":"')
    appendFileSync(transcriptOf(dir), torn)
    const store = await TranscriptStore.open(dir)
    expect(readFileSync(transcriptOf(dir)).equals(whole)).toBe(true)
    expect(readFileSync(store.torn!).equals(torn)).toBe(true)
    expect(store.head?.sequence).toBe(shortPlan().length - 1)
    store.close()
    const again = await TranscriptStore.open(dir)
    expect(again.torn).toBeUndefined()
    again.close()
  })

  test('that was the only one leaves an empty transcript', async () => {
    const dir = await writeShort()
    truncateSync(transcriptOf(dir), 30)
    const store = await TranscriptStore.open(dir)
    expect([store.head, readFileSync(transcriptOf(dir)).length]).toEqual([undefined, 0])
    store.close()
  })
})

describe('what is being signed', () => {
  test('is offered again after a crash, if it still follows on the last entry', async () => {
    const dir = folder()
    const store = await TranscriptStore.open(dir)
    const statement = statementOf(plan()[0]!, store.head)
    store.setPending(statementOf(plan()[5]!, undefined))
    store.setPending(statement)
    store.close()
    const again = await TranscriptStore.open(dir)
    expect(again.takePending()).toEqual(statement)
    again.append(await seal(statement, ['room']))
    expect(again.takePending()).toBeUndefined()
    again.close()
    expect(existsSync(join(dir, 'pending.json'))).toBe(false)
  })

  test('is forgotten if it was appended before the crash', async () => {
    const dir = folder()
    const store = await TranscriptStore.open(dir)
    const statement = statementOf(plan()[0]!, store.head)
    store.setPending(statement)
    const pending = readFileSync(join(dir, 'pending.json'))
    store.append(await seal(statement, ['room']))
    store.close()
    writeFileSync(join(dir, 'pending.json'), pending)
    const again = await TranscriptStore.open(dir)
    expect(again.takePending()).toBeUndefined()
    again.close()
  })

  test('counts for nothing if only half of it was written', async () => {
    const dir = folder()
    const store = await TranscriptStore.open(dir)
    const path = join(dir, 'pending.json')
    store.setPending(statementOf(plan()[0]!, store.head))
    const whole = readFileSync(path)
    store.setPending(statementOf(plan()[1]!, store.head))
    const other = readFileSync(path)
    store.close()
    for (const length of [0, 1, 100, 500, whole.length - 1]) {
      for (const rest of [Buffer.alloc(0), Buffer.alloc(whole.length - length), other.subarray(length)]) {
        const mixed = Buffer.concat([whole.subarray(0, length), rest])
        if (mixed.equals(other) || mixed.equals(whole)) continue
        writeFileSync(path, mixed)
        const again = await TranscriptStore.open(dir)
        expect(again.takePending()).toBeUndefined()
        again.close()
      }
    }
  })
})

describe('artifacts', () => {
  test('are kept by their digest, and checked when they are read', async () => {
    const store = await TranscriptStore.open(folder())
    const digest = store.putArtifact(Buffer.from('bytes'))
    expect(digest).toBe(sha256('bytes'))
    expect(store.putArtifact(Buffer.from('bytes'))).toBe(digest)
    expect(Buffer.from(store.getArtifact(digest)).toString()).toBe('bytes')
    writeFileSync(artifactPath(store.dir, digest), 'other')
    expect(() => store.getArtifact(digest)).toThrow('other bytes')
    expect(store.putArtifact(Buffer.from('bytes'))).toBe(digest)
    expect(Buffer.from(store.getArtifact(digest)).toString()).toBe('bytes')
    expect(() => store.getArtifact(sha256('none'))).toThrow('ENOENT')
    expect(() => store.getArtifact('../../runbook.yaml')).toThrow('not the digest')
    store.close()
  })

  test('that a crash left half written are cleared away', async () => {
    const dir = await writeShort()
    writeFileSync(`${artifactPath(dir, sha256('half'))}.new`, 'ha')
    const store = await TranscriptStore.open(dir)
    expect(readdirSync(artifactPath(dir, '')).filter((name) => name.endsWith('.new'))).toEqual([])
    store.close()
  })
})

describe('one writer', () => {
  test('a second process is refused and told which one writes; when that is killed, the lock is free', async () => {
    const dir = folder()
    const writer = await startWriter(dir, 'stay')
    const refused = await TranscriptStore.open(dir).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(LockedError)
    expect(refused).toMatchObject({ pid: writer.pid, message: expect.stringContaining(`process ${writer.pid}`) })
    await kill(writer)
    expect(locksIn(dir)).toHaveLength(1)
    const store = await TranscriptStore.open(dir)
    expect(locksIn(dir)).toHaveLength(1)
    store.close()
  })

  test('the same process cannot write twice either', () => {
    const dir = folder()
    const unlock = lockFolder(dir)
    expect(() => lockFolder(dir)).toThrow(LockedError)
    unlock()
    lockFolder(dir)()
    expect(locksIn(dir)).toEqual([])
  })

  test('a lock of a process that has the same number today is not the same process', () => {
    const dir = folder()
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    writeFileSync(join(dir, `writer.${boot}.1.123456789.lock`), '')
    writeFileSync(
      join(dir, `writer.00000000-0000-0000-0000-000000000000.1.${Number(readFileSync('/proc/1/stat', 'utf8').split(' ')[21])}.lock`),
      '',
    )
    const unlock = lockFolder(dir)
    expect(locksIn(dir)).toHaveLength(1)
    unlock()
  })

  test('of many that come at once at most one gets in', async () => {
    const dir = folder()
    mkdirSync(dir, { recursive: true })
    const dead = await startWriter(dir, 'stay')
    await kill(dead)
    const writers = Array.from({ length: 4 }, () =>
      fork(WRITER, [dir, 'stay'], { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] }),
    )
    const got = await Promise.all(
      writers.map((writer) => Promise.race([once(writer, 'message').then(() => true), once(writer, 'exit').then(() => false)])),
    )
    expect(got.filter(Boolean).length).toBeLessThanOrEqual(1)
    await Promise.all(writers.map(kill))
    const store = await TranscriptStore.open(dir)
    store.close()
  })
})

test('killed in the midst of writing, it has every entry that it told of, whole', async () => {
  const template = await TranscriptStore.open(folder())
  const dir = folder()
  // Chained beforehand, so that the writer does nothing but append.
  const envelopes: Envelope[] = []
  for (let index = 0; index < 400; index++) {
    const entry = index === 0 ? plan()[0]! : plan()[1]!
    const envelope = await seal(statementOf(entry, template.head), ['room', ...entry.by])
    template.append(envelope)
    envelopes.push(envelope)
  }
  template.close()
  let done = 0
  for (let round = 0; round < 5 && done < envelopes.length; round++) {
    const writer = await startWriter(dir, 'stay')
    let told = 0
    writer.on('message', () => told++)
    writer.send(envelopes.slice(done))
    await sleep(Math.random() * 40)
    await kill(writer)
    const store = await TranscriptStore.open(dir)
    const entries = await Array.fromAsync(readEntries(transcriptOf(dir)))
    expect(entries.length).toBeGreaterThanOrEqual(done + told)
    expect(entries.map(({ envelope }) => envelope)).toEqual(envelopes.slice(0, entries.length))
    done = entries.length
    store.close()
  }
  expect(done).toBeGreaterThan(0)
})
