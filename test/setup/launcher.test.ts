/**
 * The launcher, in folders of its own: never in the checkout that the tests run in. Packages come from a stand-in for npm,
 * so that no network is needed; .ci/run in a fresh clone is the test with the real one.
 */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PKCS11JS = dirname(createRequire(import.meta.url).resolve('pkcs11js/package.json'))
const SYSTEM = '/usr/local/bin:/usr/bin:/bin'
const scratch = mkdtempSync(join(tmpdir(), 'ceremony-launcher-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Writes a program; the folder of all of them goes first in PATH. */
function program(bin: string, name: string, script: string): void {
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}

let checkouts = 0

/** A checkout with the launcher and no packages, and an npm that lays out as much as the launcher looks at. */
function checkout(): { dir: string; bin: string; installs(): number } {
  const dir = join(scratch, `checkout ${++checkouts}`)
  const bin = join(scratch, `bin-${checkouts}`)
  for (const path of ['ceremony', 'tools', 'package-lock.json', 'engine/package.json', 'engine/src/cli/main.ts']) {
    cpSync(join(ROOT, path), join(dir, path), { recursive: true })
  }
  program(bin, 'node', `exec '${process.execPath}' "$@"`)
  program(
    bin,
    'npm',
    `[ "$1" = ci ] || exit 0
     echo ci >>installs
     sleep 0.3
     [ ! -e fail ] || { rm fail; echo 'the registry is down'; exit 1; }
     mkdir -p node_modules/.bin node_modules/@ceremony
     ln -sf '${process.execPath}' node_modules/.bin/node
     ln -sfn ../../engine node_modules/@ceremony/engine
     ln -sfn '${PKCS11JS}' node_modules/pkcs11js`,
  )
  const log = join(dir, 'installs')
  return { dir, bin, installs: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0) }
}

function launch(
  { dir, bin }: { dir: string; bin: string },
  args: string[],
  path = `${bin}:${SYSTEM}`,
  cwd = scratch,
): SpawnSyncReturns<string> {
  return spawnSync(join(dir, 'ceremony'), args, { cwd, encoding: 'utf8', env: { PATH: path, HOME: scratch } })
}

const VERSION = `${(JSON.parse(readFileSync(join(ROOT, 'engine/package.json'), 'utf8')) as { version: string }).version}\n`

test('the first use sets up and says so on stderr; the second starts at once', () => {
  const here = checkout()
  const first = launch(here, ['--version'])
  expect(first).toMatchObject({ status: 0, stdout: VERSION })
  expect(first.stderr).toContain('set-up: fetching packages')
  expect(first.stderr).toContain('set-up: done.')
  expect(launch(here, ['--version'])).toMatchObject({ status: 0, stdout: VERSION, stderr: '' })
  expect(here.installs()).toBe(1)
})

test('it runs from another folder, from its own, and through a link', () => {
  const here = checkout()
  launch(here, ['--version'])
  const link = join(here.bin, 'ceremony')
  symlinkSync(join(here.dir, 'ceremony'), link)
  const environment = { cwd: here.dir, encoding: 'utf8', env: { PATH: `${here.bin}:${SYSTEM}` } } as const
  for (const command of ['./ceremony', 'ceremony', 'sh ceremony', `'${link}'`]) {
    expect(spawnSync('sh', ['-c', `${command} --version`], environment)).toMatchObject({ status: 0, stdout: VERSION, stderr: '' })
  }
  expect(here.installs()).toBe(1)
})

test('a changed lock file sets up anew; one that is only newer does not', () => {
  const here = checkout()
  launch(here, ['--version'])
  const lock = join(here.dir, 'package-lock.json')
  const later = new Date(Date.now() + 60_000)
  utimesSync(lock, later, later)
  expect(launch(here, ['--version'])).toMatchObject({ status: 0, stderr: '' })
  expect(here.installs()).toBe(1)
  writeFileSync(lock, '{}')
  utimesSync(lock, later, later)
  expect(launch(here, ['--version']).status).toBe(0)
  expect(here.installs()).toBe(2)
})

test('packages that belong to another checkout are not used', () => {
  const [one, other] = [checkout(), checkout()]
  launch(one, ['--version'])
  cpSync(join(one.dir, 'node_modules'), join(other.dir, 'node_modules'), { recursive: true, verbatimSymlinks: true })
  const links = join(other.dir, 'node_modules/@ceremony/engine')
  rmSync(links)
  symlinkSync(join(one.dir, 'engine'), links)
  expect(launch(other, ['--version']).status).toBe(0)
  expect(other.installs()).toBe(1)
})

test('a set-up that failed says why, and the next run sets up again', () => {
  const here = checkout()
  writeFileSync(join(here.dir, 'fail'), '')
  const failed = launch(here, ['--version'])
  expect(failed.status).toBe(1)
  expect(failed.stdout).toBe('')
  expect(failed.stderr).toContain('set-up: this failed: npm ci')
  expect(failed.stderr).toContain('the registry is down')
  expect(failed.stderr).toContain('set-up.log; mend the cause and start again')
  expect(launch(here, ['--version'])).toMatchObject({ status: 0, stdout: VERSION })
})

test('of two set-ups at the same time one waits for the other and then has nothing to do', async () => {
  const here = checkout()
  const ended = [0, 1].map(
    () =>
      new Promise<number | null>((resolve) =>
        spawn(join(here.dir, 'ceremony'), ['--version'], { env: { PATH: `${here.bin}:${SYSTEM}`, HOME: scratch }, stdio: 'ignore' }).on(
          'close',
          resolve,
        ),
      ),
  )
  expect(await Promise.all(ended)).toEqual([0, 0])
  expect(here.installs()).toBe(1)
})

test('tools that the system lacks are all named, with what to install', () => {
  const here = checkout()
  const bare = join(scratch, 'bare')
  mkdirSync(bare)
  for (const tool of ['sh', 'python3', 'uname'])
    symlinkSync(spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8', env: { PATH: SYSTEM } }).stdout.trim(), join(bare, tool))
  const lacking = launch(here, ['--version'], bare)
  expect(lacking.status).toBe(1)
  expect(lacking.stderr).toContain('missing on this system: node npm cc c++ make flock')
  expect(lacking.stderr).toContain('sudo apt-get install nodejs npm build-essential util-linux')
  expect(here.installs()).toBe(0)
})

test('a Node too old to run npm is named', () => {
  const here = checkout()
  program(here.bin, 'node', 'echo v18.20.4')
  const old = launch(here, ['--version'])
  expect(old.status).toBe(1)
  expect(old.stderr).toContain('Node.js v18.20.4 is too old')
  expect(old.stderr).toContain('20 or newer')
})

test('`exec` runs a tool with the project’s Node first in PATH and passes arguments and exit code on', () => {
  const here = checkout()
  launch(here, ['--version'])
  const ran = launch(here, ['exec', 'sh', '-c', 'command -v node; echo "$1"; exit 7', 'sh', 'two words'])
  expect(ran).toMatchObject({ status: 7, stdout: `${join(here.dir, 'node_modules/.bin/node')}\ntwo words\n` })
  expect(launch(here, ['exec'])).toMatchObject({ status: 2, stdout: '' })
})
