import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { carry, layOut, runbookOf, STEPS } from '../ceremony/small.ts'
import { ceremony, remove } from '../e2e/rehearsal.ts'

const dirs: string[] = []
afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
})

test('`status` says that everyone has to open, then where a ceremony stopped and who must act', async () => {
  const dir = await layOut(runbookOf(STEPS), { records: {} })
  dirs.push(dir)
  expect((await ceremony('status', dir)).stdout).toContain('Next: Everyone: the ceremony is not opened yet')
  await expect(carry(dir)).rejects.toThrow('no fitting entry for `write-down`')
  const stopped = await ceremony('status', dir)
  expect(stopped.code).toBe(0)
  expect(stopped.stdout).toContain('5 of 6 steps done')
  expect(stopped.stdout.replace(/\s+/g, ' ')).toContain(
    'Next: At desk: `write-down`, Write something down (begun, not ended). 2 × crypto-officer and 1 × internal-witness sign what came of it.',
  )
  expect(stopped.stdout).toMatch(/desk {2}intent write-down/)
  const data = JSON.parse((await ceremony('status', dir, '--json')).stdout)
  expect(data).toMatchObject({ closed: false, station: 'desk', under_way: { step: 'write-down', instance: null } })
  expect(data.steps.map(({ state }: { state: string }) => state)).toEqual(['done', 'done', 'done', 'done', 'done', 'now'])
}, 60_000)

test('`status` shows which instances of a step are done', async () => {
  const each = STEPS.replace(/(id: write-down\n)/, '$1    takes: 40m\n    for-each: ${{ parameters.numbers }}\n')
  const dir = await layOut(runbookOf(each), { records: { 'write-down[one]': { colour: 'green' } } })
  dirs.push(dir)
  await expect(carry(dir)).rejects.toThrow('no fitting entry for `write-down[two]`')
  const { stdout } = await ceremony('status', dir)
  expect(stdout).toContain('Write something down: one done, two now')
  expect(stdout.replace(/\s+/g, ' ')).toContain('By the runbook people need about 40 min more.')
  expect(stdout.replace(/\s+/g, ' ')).toContain('Next: At desk: `write-down[two]`, Write something down (begun, not ended).')
}, 60_000)

test('`plan` counts people, signatures, stays, cards, records, and the time of people and of waiting', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'ceremony-plan-'))
  dirs.push(dir)
  const geographies = { europe: { vault: 'keys-eu', location: 'westeurope' }, america: { vault: 'keys-us', location: 'eastus' } }
  const names = {
    'card-set': 'contoso',
    'resource-group': 'keys',
    administrator: 'a',
    'storage-account': 's',
    'sql-server': 'q',
    'sql-database': 'd',
  }
  writeFileSync(join(dir, 'parameters.yaml'), stringify({ ...names, geographies, 'ocs-quorum': '3/5' }))
  const planned = await ceremony('plan', 'runbooks/byok-ceremony.yaml', '--params', join(dir, 'parameters.yaml'), '--json')
  const data = JSON.parse(planned.stdout)
  expect(data).toMatchObject({
    people: { 'crypto-officer': { at_least: 2 }, 'internal-witness': { at_least: 1 } },
    stations: [
      { station: 'hsm-room', network: 'none', stays: 3, takes: 131 * 60_000, untimed: 0 },
      { station: 'workstation', network: 'azure', stays: 2, untimed: 0 },
    ],
    longest_wait: 115 * 60_000,
    cards: { 'create-world': 3, 'create-operator-cards': 5 },
    missing: [],
  })
  expect(data.transfers).toHaveLength(4)
  expect(data.records).toContain('seal-cards: administrator-card-bag (one for each)')
  expect(data.steps.find(({ id }: { id: string }) => id === 'kek').instances).toEqual(['europe', 'america'])

  const without = await ceremony('plan', 'runbooks/byok-ceremony.yaml')
  expect(without.code).toBe(0)
  expect(without.stdout).toContain('Not all parameters are given')
  expect(without.stdout).toContain('3 for create-operator-cards')

  writeFileSync(join(dir, 'empty.yaml'), '# to be filled in\n')
  expect(await ceremony('plan', 'runbooks/byok-ceremony.yaml', '--params', join(dir, 'empty.yaml'))).toMatchObject(without)
  writeFileSync(join(dir, 'list.yaml'), '- a list\n')
  const list = await ceremony('plan', 'runbooks/byok-ceremony.yaml', '--params', join(dir, 'list.yaml'))
  expect(list).toMatchObject({ code: 2, stderr: expect.stringContaining('must be object') })

  writeFileSync(join(dir, 'untimed.yaml'), runbookOf(STEPS))
  expect((await ceremony('plan', join(dir, 'untimed.yaml'))).stdout).toContain('room: the runbook does not say for 2 steps of people')
}, 60_000)

test('`status` of a folder without a ceremony says so', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'ceremony-none-'))
  expect(await ceremony('status', dir)).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no ceremony') })
  remove(dir)
})
