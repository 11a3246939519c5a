/** The last line of .ci/run, from results of test runs that vitest really wrote. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'ceremony-counts-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let runs = 0

/** Runs these test files with vitest, then counts. */
function counts(files: Record<string, string>): string {
  const dir = join(scratch, String(++runs))
  const results = join(dir, 'results.json')
  const vitest = [
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--root',
    dir,
    '--globals',
    '--reporter=json',
    `--outputFile=${results}`,
  ]
  spawnSync('mkdir', ['-p', dir])
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  const { status } = spawnSync(process.execPath, vitest, { cwd: dir, encoding: 'utf8' })
  return count(results, String(status))
}

function count(results: string, status: string): string {
  return spawnSync(process.execPath, [join(ROOT, 'tools/test-counts.ts'), results, status], { encoding: 'utf8' }).stdout
}

test('passed and failed tests are summed over the files', () => {
  const good = "test('a', () => {}); test('b', () => {}); test.skip('c', () => {})"
  expect(counts({ 'one.test.ts': good, 'two.test.ts': "test('a', () => {}); test('b', () => { throw new Error('no') })" })).toBe('3 1\n')
})

test('a file that cannot be loaded counts as one failure', () => {
  expect(counts({ 'one.test.ts': "test('a', () => {})", 'two.test.ts': "import './gone.ts'" })).toBe('1 1\n')
})

test('a rejection that nobody handles fails a run whose tests all passed', () => {
  expect(
    counts({
      'one.test.ts': "test('a', async () => { void Promise.reject(new Error('lost')); await new Promise((r) => setTimeout(r, 50)) })",
    }),
  ).toBe('1 1\n')
})

test('a run without tests, or one that left no results, is a failure', () => {
  expect(counts({})).toBe('0 1\n')
  expect(count(join(scratch, 'none.json'), '137')).toBe('0 1\n')
})
