import { copyFileSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Bench, openBench } from './tools.ts'

let bench: Bench
beforeAll(async () => {
  bench = openBench(7)
  bench.run('nopclearfail', '-I', '-m', '1')
  const making = bench.start('new-world', '-i', '-m', '1', '-Q', '2/3')
  await bench.write(making, 3, 'adm')
  expect(await making.ended).toMatchObject({ code: 0 })
})
afterAll(() => rmSync(bench.twin, { recursive: true }))

const worldFile = (): string => join(bench.twin, 'kmdata', 'local', 'world')
const administrator = { slot: 0, kind: 'administrator' }

/** Answers a tool that reads two administrator cards with the passphrases `<prefix>-<number>`. */
async function authorize(running: ReturnType<Bench['start']>, prefix: string): Promise<void> {
  await running.until('0 cards of 2 read\n Module 1 slot 0: empty')
  for (let card = 1; card <= 2; card++) {
    bench.hands('insert-card', administrator)
    await running.until('enter passphrase for card #')
    running.type(`${prefix}-${/card #(\d+): $/.exec(running.output())![1]}`)
    await running.until('passphrase supplied - reading card')
  }
}

describe('replacing the administrator cards', () => {
  test('is refused in initialization mode', () => {
    expect(bench.run('racs', '-m', '1')).toMatchObject({ code: 1, stderr: expect.stringContaining('needs operational mode') })
    expect(bench.run('cardpp', '--check', '-m', '1')).toMatchObject({ code: 1, stderr: expect.stringContaining('needs operational mode') })
  })

  test('changes the world file in one write, at the end; until then the old cards are in force', async () => {
    bench.run('nopclearfail', '-O', '-m', '1')
    bench.hands('remove-card')
    const before = readFileSync(worldFile(), 'utf8')
    copyFileSync(worldFile(), join(bench.twin, 'backup'))
    const stopped = bench.start('racs', '-m', '1')
    await authorize(stopped, 'adm')
    await stopped.until('0 cards of 3 written')
    bench.hands('insert-card', { slot: 0, kind: 'blank' })
    await stopped.until('enter new passphrase for card #1: ')
    stopped.type('new-1')
    await stopped.until('confirm new passphrase for card #1: ')
    stopped.type('new-1')
    await stopped.until('passphrase specified - writing card')
    stopped.child.kill('SIGINT')
    expect(await stopped.ended).toMatchObject({ code: 1 })
    expect(readFileSync(worldFile(), 'utf8')).toBe(before)

    bench.hands('remove-card')
    const running = bench.start('racs', '-m', '1')
    await authorize(running, 'adm')
    await bench.write(running, 3, 'new')
    const { code, output } = await running.ended
    expect(code).toBe(0)
    const hknso = /hknso = ([0-9a-f]{40})/.exec(output)![1]
    expect(JSON.parse(before)).toMatchObject({ hknso, quorum: { needed: 2, total: 3 } })
    expect(JSON.parse(readFileSync(worldFile(), 'utf8'))).toMatchObject({ hknso, quorum: { needed: 2, total: 3 } })
  })

  test('makes strangers of the old cards, and formats them', () => {
    expect(bench.hands('insert-card', { slot: 0, kind: 'retired-administrator', number: 2 })).toMatchObject({ code: 0 })
    expect(bench.run('nfkminfo').stdout).toMatch(/^ state +0x6 Unidentified$/m)
    expect(bench.run('slotinfo', '--format', '-m', '1', '-s', '0')).toMatchObject({ code: 0 })
    expect(bench.run('nfkminfo').stdout).toMatch(/^ state +0x3 Blank$/m)
  })

  test('a passphrase is checked against the card in the slot, and nothing else', async () => {
    bench.hands('insert-card', { ...administrator, number: 3 })
    const checking = bench.start('cardpp', '--check', '-m', '1')
    await checking.until('slot 0: Admin Card #3\n Module 1 slot 0:- enter passphrase for card #3: ')
    checking.type('adm-3')
    await checking.until('wrong passphrase for card #3')
    await checking.until('enter passphrase for card #3: ')
    checking.type('new-3')
    expect(await checking.ended).toMatchObject({ code: 0, output: expect.stringMatching(/Passphrase is correct\.\n$/) })
  })
})

describe('bringing a world into a module', () => {
  test('is refused without the world file, in the real tool’s words, and in operational mode', () => {
    expect(bench.run('new-world', '--program', '-m', '1')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('needs initialization mode'),
    })
    bench.run('nopclearfail', '-I', '-m', '1')
    renameSync(worldFile(), join(bench.twin, 'away'))
    expect(bench.run('new-world', '-l', '-m', '1')).toMatchObject({ code: 1, stderr: 'new-world: no existing world to load\n' })
    renameSync(join(bench.twin, 'away'), worldFile())
  })

  test.each([
    [['-i', '-l'], 'one of -i'],
    [['-m', '1'], 'one of -i'],
    [['-l', '-Q', '2/3'], 'for a new world'],
  ])('takes no mixture of old and new: %j', (args, complaint) => {
    expect(bench.run('new-world', ...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(complaint) })
  })

  test('works by a quorum of the cards in force', async () => {
    rmSync(join(bench.twin, 'module-key'))
    expect(bench.run('nfkminfo').stdout).toContain('Initialised !Usable')
    bench.hands('remove-card')
    const loading = bench.start('new-world', '--program', '--module=1')
    await authorize(loading, 'new')
    expect(await loading.ended).toMatchObject({ code: 0, output: expect.stringMatching(/loaded on module #1; hknso = [0-9a-f]{40}\n$/) })
    expect(bench.run('nfkminfo').stdout).toContain('Initialised Usable')
  })
})
