/** The whole bring-your-own-key ceremony at two stations in two folders that share nothing but the bundles on the medium. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { prepare } from '../../engine/src/ceremony/folder.ts'
import { layOutRehearsal } from '../../engine/src/cli/rehearsal-folder.ts'
import { ceremony, effectsOf, entriesOf, ROOT, remove, secretsOf, temporary } from './rehearsal.ts'

const home = temporary()
const room = join(home, 'hsm-room', 'ceremony')
const desk = join(home, 'workstation', 'ceremony')
afterAll(() => remove(home))

/** What is there of one station is taken away from the other: keys, the HSM, the cloud. */
async function layOut(): Promise<void> {
  await layOutRehearsal(room, 300)
  mkdirSync(join(home, 'workstation'))
  cpSync(room, desk, { recursive: true })
  for (const [dir, name, other] of [
    [room, 'hsm-room', 'workstation'],
    [desk, 'workstation', 'hsm-room'],
  ] as const) {
    const identity = join(home, name, 'station')
    expect((await ceremony('station', 'init', '--name', name, '--dir', identity)).stdout).toMatch(/Key +[0-9a-f]{64}\n +\w+ \w+/)
    const { hsm, companions, ...setup } = parse(readFileSync(join(dir, 'setup.yaml'), 'utf8')) as Record<string, unknown>
    const stations = { [name]: { key: join(identity, 'station.pem') }, [other]: { 'public-key': `${other}.pub.pem` } }
    const own = name === 'hsm-room' ? { hsm } : { companions: movedTo(dir, companions as { run: string[] }[]) }
    writeFileSync(join(dir, 'setup.yaml'), stringify({ ...setup, ...own, stations }), { mode: 0o600 })
    rmSync(join(dir, 'keys', `${other}.pem`))
    rmSync(join(dir, 'rehearsal', name === 'hsm-room' ? 'azure' : 'nshield'), { recursive: true })
  }
  cpSync(join(home, 'workstation', 'station', 'workstation.pub.pem'), join(room, 'workstation.pub.pem'))
  cpSync(join(home, 'hsm-room', 'station', 'hsm-room.pub.pem'), join(desk, 'hsm-room.pub.pem'))
  const runbook = join(ROOT, 'runbooks', 'byok-ceremony.yaml')
  const files = { setup: join(room, 'setup.yaml'), answers: join(room, 'answers.yaml'), parameters: join(room, 'parameters.yaml') }
  prepare(room, { runbook, ...files })
}

/** The twin of Azure keeps its state at the workstation. */
function movedTo(dir: string, companions: { run: string[] }[]): object[] {
  return companions.map((companion) => ({ ...companion, run: companion.run.map((word) => word.replace(room, dir)) }))
}

test('goes from the room to the workstation and back as often as the runbook says, and verifies and replays in the end', async () => {
  await layOut()
  const medium = join(home, 'medium')
  mkdirSync(medium)
  let [here, there] = [room, desk]
  let to = 'workstation'
  let journeys = 0
  for (;;) {
    const ended = await ceremony('resume', here)
    if (ended.code === 0) break
    expect(ended, ended.stderr).toMatchObject({ code: 3, stderr: expect.stringContaining('station/handed-over') })
    const bundle = join(medium, `${++journeys}.bundle`)
    const written = await ceremony('hand-over', here, '--to', to, '-o', bundle)
    expect(written, written.stderr).toMatchObject({ code: 0 })
    const digest = /Digest +([0-9a-f]{64})/.exec(written.stdout)![1]!
    const received = await ceremony('receive', bundle, '--dir', there, '--digest', digest)
    expect(received, received.stderr).toMatchObject({ code: 0 })
    ;[here, there] = [there, here]
    to = to === 'workstation' ? 'hsm-room' : 'workstation'
  }
  expect(here).toBe(room)
  expect(journeys).toBe(4)
  for (const command of ['verify', 'replay']) {
    const { code, stdout } = await ceremony(command, room)
    expect(stdout).not.toContain('artifact/unnamed')
    expect(code, stdout).toBe(0)
  }
  expect(entriesOf(room).filter(({ kind }) => kind === 'received')).toHaveLength(4)

  const secrets = [...secretsOf(room), ...secretsOf(desk)]
  const decoded = JSON.stringify(entriesOf(room))
  for (const bundle of readdirSync(medium)) {
    const text = readFileSync(join(medium, bundle), 'latin1') + decoded
    const forms = secrets.flatMap((secret) => [
      secret,
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      Buffer.from(secret).toString('hex'),
    ])
    expect(forms.filter((form) => text.includes(form))).toEqual([])
    expect(text).not.toContain('PRIVATE KEY')
  }
}, 600_000)

test('each twin was at its own station only', () => {
  expect(() => effectsOf(room)).toThrow(/azure/)
  expect(readFileSync(join(room, 'rehearsal', 'nshield', 'effects.jsonl'), 'utf8')).toContain('world/create')
  expect(readFileSync(join(desk, 'rehearsal', 'azure', 'effects.jsonl'), 'utf8')).toContain('key/import')
})
