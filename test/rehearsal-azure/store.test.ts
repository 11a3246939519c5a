import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { scaledClock } from '../../rehearsal/azure/src/clock.ts'
import { openStore, type Store } from '../../rehearsal/azure/src/store.ts'

const home = mkdtempSync(join(tmpdir(), 'azure-twin-store-'))
afterAll(() => rmSync(home, { recursive: true }))

let dir: string
let count = 0
beforeEach(() => {
  dir = join(home, String(count++))
})

const open = (): Store => openStore(dir, scaledClock(Date.now(), 1))
const put = (store: Store, key: string, row: unknown): void =>
  store.commit({ principal: 'tester', operation: 'row/put', resource: key }, store.table('rows').put(key, row))
const effects = (): string[] =>
  readFileSync(join(dir, 'effects.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).resource)

test('gives back after a restart what was put, and not what was removed', () => {
  const store = open()
  put(store, 'a', { n: 1 })
  put(store, 'b', { n: 2 })
  store.commit({ principal: 'tester', operation: 'row/remove', resource: 'a' }, store.table('rows').remove('a'))
  for (const each of [store, open()]) {
    expect(each.table('rows').keys()).toEqual(['b'])
    expect(each.table('rows').get('b')).toEqual({ n: 2 })
  }
})

test('is the same before a restart as after it, whatever was put', () => {
  const store = open()
  const row = { when: new Date(0), none: undefined, list: [1, undefined] }
  put(store, 'a', row)
  expect(store.table('rows').get('a')).toEqual(open().table('rows').get('a'))
})

test('cuts off a change that was only half written', () => {
  put(open(), 'a', { n: 1 })
  appendFileSync(join(dir, 'state.jsonl'), '{"sequence":1,"effect":{"princ')
  const store = open()
  expect(store.table('rows').keys()).toEqual(['a'])
  put(store, 'b', { n: 2 })
  expect(open().table('rows').keys()).toEqual(['a', 'b'])
})

test('tells every effect once, wherever between the two files it was killed', () => {
  const store = open()
  for (const key of ['a', 'b', 'c']) put(store, key, {})
  const whole = readFileSync(join(dir, 'effects.jsonl'))
  for (let length = 0; length <= whole.length; length += 7) {
    writeFileSync(join(dir, 'effects.jsonl'), whole)
    truncateSync(join(dir, 'effects.jsonl'), length)
    open()
    expect(effects()).toEqual(['a', 'b', 'c'])
  }
})
