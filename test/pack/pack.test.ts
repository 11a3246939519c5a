import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { createOfficerKey } from '../../engine/src/officer/key-file.ts'
import { archive } from '../../engine/src/pack/archive.ts'
import { createStationKey } from '../../engine/src/station/key.ts'
import { wordsOf } from '../../engine/src/transcript/words.ts'
import { ceremony, entriesOf, outcomesOf, ROOT } from '../e2e/rehearsal.ts'
import { buildRoom } from './room.ts'

const room = buildRoom()
const home = mkdtempSync(join(tmpdir(), 'ceremony-pack-'))
const file = join(home, 'ceremony.tar.gz')
let folder = ''
afterAll(() => {
  room?.remove()
  rmSync(home, { recursive: true, force: true })
})

/** Runs the packed `ceremony` in the room. */
const packed = (...args: string[]) => room!.run(folder, './ceremony', ...args)

describe.skipIf(!room)('a pack, in a room without network, Node.js or npm', () => {
  beforeAll(async () => {
    const made = await ceremony('pack', '-o', file, '--with-softhsm', '--json')
    expect(made).toMatchObject({ code: 0, stderr: '' })
    const { sha256, words } = JSON.parse(made.stdout) as { sha256: string; words: string[] }
    expect(execFileSync('sha256sum', [file], { encoding: 'utf8' })).toContain(sha256)
    expect(words).toEqual(wordsOf(sha256))
    // The path in front of `ceremony-…` is the medium's.
    mkdirSync(join(room!.root, 'opt'), { recursive: true })
    execFileSync('cp', [file, join(room!.root, 'opt', 'ceremony.tar.gz')])
    expect(room!.run('/opt', 'tar', '-xzf', 'ceremony.tar.gz')).toMatchObject({ code: 0 })
    folder = `/opt/${readdirSync(join(room!.root, 'opt')).find((name) => name !== 'ceremony.tar.gz')}`
  }, 600_000)

  test('there is nothing of what a pack must bring', () => {
    expect(room!.run('/', 'sh', '-c', 'command -v node || command -v npm || command -v cc').code).not.toBe(0)
    expect(room!.run('/', 'cat', '/proc/net/dev').stdout.match(/^ *\w+:/gm)).toEqual(['    lo:'])
  })

  test('is whole by its own checksums, and shows when it is not', () => {
    expect(room!.run(folder, 'sha256sum', '--quiet', '-c', 'SHA256SUMS')).toMatchObject({ code: 0, stdout: '' })
    const victim = join(room!.root, folder, 'engine', 'src', 'cli', 'main.ts')
    const text = readFileSync(victim)
    writeFileSync(victim, `${text}\n`)
    expect(room!.run(folder, 'sha256sum', '--quiet', '-c', 'SHA256SUMS').stdout).toContain('engine/src/cli/main.ts: FAILED')
    writeFileSync(victim, text)
  })

  test('runs, and checks the runbooks that came with it', () => {
    expect(packed('--version')).toMatchObject({ code: 0, stdout: '0.1.0\n', stderr: '' })
    const runbooks = readdirSync(join(room!.root, folder, 'runbooks')).filter((name) => name.endsWith('.yaml'))
    expect(runbooks).toContain('restore-world.yaml')
    expect(packed('check', ...runbooks.map((name) => `runbooks/${name}`))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(' 0 errors'),
    })
  })

  test('runs the offline half of a rehearsal, verifies and replays it', async () => {
    await layOutOfflineHalf()
    const twin = { NSHIELD_TWIN: '/home/hsm', CEREMONY_NODE: `${folder}/node_modules/.bin/node` }
    const variables = Object.entries(twin).map(([name, value]) => `${name}=${value}`)
    expect(room!.run('/home', 'env', ...variables, `${folder}/rehearsal/nshield/bin/new-rack`, '--cards', '6')).toMatchObject({ code: 0 })
    const doctor = (): ReturnType<typeof packed> =>
      packed('doctor', '/home/offline-half.yaml', '--setup', '/home/setup.yaml', '--dir', '/home')
    expect(doctor()).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ok +pack +\d+ files as packed\n(.*\n)*ok +network of hsm-room +none\n/),
    })
    const stranger = join(room!.root, folder, 'engine', 'src', 'stranger.ts')
    writeFileSync(stranger, '')
    expect(doctor()).toMatchObject({ code: 1, stdout: expect.stringContaining('engine/src/stranger.ts does not belong to it') })
    rmSync(stranger)
    const files = ['--setup', '/home/setup.yaml', '--params', '/home/parameters.yaml', '--unattended', '/home/answers.yaml']
    const run = packed('run', '/home/offline-half.yaml', '--dir', '/home/ceremony', ...files)
    expect(run.stderr).toContain('Closed after')
    expect(run.code).toBe(0)
    const dir = join(room!.root, 'home', 'ceremony')
    expect(outcomesOf(dir)).toEqual(expect.arrayContaining(['create-world  done', 'create-operator-cards  done', 'generate-sql-key  done']))
    // Nobody had to waive anything: the room has no network.
    expect(entriesOf(dir).find((entry) => entry.kind === 'arrived')).toMatchObject({ waiver: null })
    expect(packed('verify', '/home/ceremony')).toMatchObject({ code: 0 })
    expect(packed('replay', '/home/ceremony')).toMatchObject({ code: 0, stdout: expect.stringContaining('came out again, byte for byte') })

    // The code in the pack is the code here, by the transcript's own digests.
    const here = await ceremony('replay', dir)
    expect(here.stdout).toMatch(/Engine .*, the recorded code/)
    expect(here.code).toBe(0)
  }, 300_000)
})

/** The byok-ceremony up to where it leaves the room with the HSM, and all that it needs, with the paths of the room. */
async function layOutOfflineHalf(): Promise<void> {
  const at = (name: string): string => join(room!.root, 'home', name)
  mkdirSync(at('hsm'))
  mkdirSync(at('keys'))
  const whole = parse(readFileSync(join(ROOT, 'runbooks', 'byok-ceremony.yaml'), 'utf8'))
  const end = whole.steps.findIndex((step: { transfer?: unknown }) => step.transfer !== undefined)
  const { 'acs-quorum': acs, 'ocs-quorum': ocs, 'card-set': set, module, 'key-bits': bits } = whole.parameters
  const half = {
    ...whole,
    parameters: { 'acs-quorum': acs, 'ocs-quorum': ocs, 'card-set': set, module, 'key-bits': bits },
    stations: { 'hsm-room': whole.stations['hsm-room'] },
    plugins: { 'hsm-ncipher': '^1' },
    steps: whole.steps.slice(0, end),
  }
  writeFileSync(at('offline-half.yaml'), stringify(half, { aliasDuplicateObjects: false }))
  const officers = ['crypto-officer-1', 'crypto-officer-2', 'internal-witness-1'].map((name) => ({
    name,
    roles: [name.slice(0, -2)],
    key: `keys/${name}.pem`,
    passphrase: randomBytes(18).toString('base64url'),
  }))
  await Promise.all(officers.map(({ key, passphrase }) => createOfficerKey(at(key), passphrase)))
  await createStationKey(at('keys/hsm-room.pem'))
  const softhsm = `${folder}/.cache/softhsm/usr/lib/pack/softhsm/libsofthsm2.so`
  const environment = { NSHIELD_TWIN: '/home/hsm', CEREMONY_NODE: `${folder}/node_modules/.bin/node`, CEREMONY_SOFTHSM: softhsm }
  const twin = `${folder}/rehearsal/nshield/bin`
  const hsm = { tools: twin, library: '/home/hsm/libcknfast.so', environment }
  writeFileSync(at('setup.yaml'), stringify({ mode: 'rehearsal', stations: { 'hsm-room': { key: '/home/keys/hsm-room.pem' } }, hsm }))
  writeFileSync(at('parameters.yaml'), stringify({ 'card-set': 'contoso', 'key-bits': 2048 }))
  const secrets = Object.fromEntries(
    ['administrator-card', 'operator-card/contoso'].flatMap((kind) =>
      [1, 2, 3].map((card) => [`${kind}/${card}`, `${kind.slice(0, 3)}-${card}`]),
    ),
  )
  const answers = {
    officers: officers.map((officer) => ({ ...officer, key: `/home/${officer.key}` })),
    secrets,
    records: { 'roll-call': { room: 'a room', 'documents-seen': true } },
    hands: { run: [`${twin}/hands`], environment },
  }
  writeFileSync(at('answers.yaml'), stringify(answers), { mode: 0o600 })
}

test('the same files make the same archive, whatever their times and where they lie', async () => {
  const digests: string[] = []
  for (const name of ['here', 'there']) {
    const place = join(home, name)
    mkdirSync(join(place, 'same'), { recursive: true })
    for (const file of ['a', 'b']) writeFileSync(join(place, 'same', file), file)
    symlinkSync('a', join(place, 'same', 'link'))
    utimesSync(join(place, 'same', 'a'), digests.length * 1000, digests.length * 1000)
    const files = { folder: place, paths: ['same/a', 'same/b', 'same/link'] }
    digests.push((await archive('top', [files], join(home, `${name}.tar.gz`))).sha256)
  }
  expect(digests[1]).toBe(digests[0])
  const listed = execFileSync('tar', ['-tvzf', join(home, 'here.tar.gz')], { encoding: 'utf8' })
  expect(listed).toMatch(/0\/0 .* 1970-01-01 .*top\/same\/link -> a\n/)
})

test('an archive of files that are not there is not left behind', async () => {
  const missing = { folder: home, paths: ['nothing'] }
  await expect(archive('top', [missing], join(home, 'x.tar.gz'))).rejects.toThrow('nothing')
  expect(readdirSync(home).filter((name) => name.startsWith('x.'))).toEqual([])
})

test('a pack without room for it leaves nothing behind, and says what to do', async () => {
  const ended = await ceremony('pack', '-o', join(home, 'no-such-folder', 'x.tar.gz'))
  expect(ended.code).toBe(1)
  expect(ended.stderr).toContain('do next')
})
