import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { $ } from 'zx'
import { KEYS, linesOf, plan, rewrite, sha256, write } from './sample.ts'

const README = fileURLToPath(new URL('../../README.md', import.meta.url))
const GUIDE = fileURLToPath(new URL('../../docs/verify-by-hand.md', import.meta.url))
/** The guide's own commands, with another folder and line. */
const commands = (dir: string, line: number): string => {
  const blocks = [...readFileSync(GUIDE, 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block)
  return `set -eu\n${blocks.join('')}`.replace(/^dir=.*$/m, `dir='${dir}'`).replace(/^line=.*$/m, `line=${line}`)
}
const sh = (script: string) => $({ nothrow: true, quiet: true })`sh -c ${script}`
const run = (dir: string, line: number) => sh(commands(dir, line))

let dir: string
beforeAll(async () => {
  dir = await write(plan())
})

test('the commands of the guide check entries with openssl and jq alone, by every kind of key', async () => {
  const lines = linesOf(dir)
  const met = new Set<string>()
  for (const line of [3, lines.length]) {
    const { stdout, stderr, exitCode } = await run(dir, line)
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
    for (const { keyid } of JSON.parse(lines[line - 1]!).signatures) {
      expect(stdout).toContain(`${keyid}\n${keyid}\nSignature Verified Successfully\n`)
      met.add(keyid)
    }
    const before = sha256(lines[line - 2]!)
    expect(stdout.trimEnd().endsWith(`${before}\n${before}`)).toBe(true)
  }
  for (const name of ['room', 'officer-2', 'witness-1'] as const) expect(met).toContain(KEYS[name].keyid)
})

test('the commands of the README check an entry with openssl and jq alone, and do not pass one that was changed', async () => {
  const block = /^```sh\n(dir=.*?)^```$/ms.exec(readFileSync(README, 'utf8'))![1]!
  const check = (place: string, line: number) => sh(`set -eu\n${block.replace(/^dir=\S+ line=\S+/m, `dir='${place}' line=${line}`)}`)
  for (const line of [1, 3, linesOf(dir).length]) {
    expect(await check(dir, line)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Verified Successfully') })
  }
  const changed = await write(plan())
  rewrite(changed, linesOf(changed).with(2, linesOf(changed)[2]!.replace('"payload":"', '"payload":"AAAA')))
  expect((await check(changed, 3)).stdout).not.toContain('Verified Successfully')
})

test('and do not pass an entry that was changed', async () => {
  const changed = await write(plan())
  const lines = linesOf(changed)
  const envelope = JSON.parse(lines[2]!)
  const payload = Buffer.from(envelope.payload, 'base64').toString().replace('"number":7', '"number":8')
  rewrite(changed, lines.with(2, JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') })))
  const { stdout } = await run(changed, 3)
  expect(stdout).not.toContain('Verified Successfully')
})

test('they stand the length of a long entry', async () => {
  const entries = plan()
  Object.assign(entries[1]!.body, { evidence: { network: [], default_route: false, long: 'x'.repeat(200_000) } })
  const { stdout } = await run(await write(entries), 2)
  expect(stdout).toContain('Verified Successfully')
})

const hasCryptography = spawnSync('python3', ['-c', 'import cryptography']).status === 0

test.skipIf(!hasCryptography)('an implementation of its own, in Python, finds every signature good and the chain whole', () => {
  const script = join(fileURLToPath(new URL('.', import.meta.url)), 'check.py')
  const counted = execFileSync('python3', [script, dir], { encoding: 'utf8' })
  const signatures = plan().reduce((count, { by }) => count + 1 + by.length, 0)
  expect(counted.trim()).toBe(`${plan().length} entries, ${signatures} signatures`)
})
