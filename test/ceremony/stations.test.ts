import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { prepare } from '../../engine/src/ceremony/folder.ts'
import { handOver } from '../../engine/src/ceremony/hand-over.ts'
import { receive } from '../../engine/src/ceremony/receive.ts'
import { replayTranscript } from '../../engine/src/replay/replay.ts'
import { createStation } from '../../engine/src/station/identity.ts'
import { verifyTranscript } from '../../engine/src/transcript/verify.ts'
import { entriesOf, filesBelow, remove } from '../e2e/rehearsal.ts'
import { OFFICERS, PLUGINS } from './small.ts'
import { officersKeys, type TwoStations, twoStations } from './two-stations.ts'

let keys: string
let medium: string
let at: TwoStations['at']
let carry: TwoStations['carry']
let untilHandedOver: TwoStations['untilHandedOver']
let moveTo: TwoStations['moveTo']

beforeAll(async () => {
  keys = await officersKeys()
})
afterAll(() => remove(keys))
beforeEach(async () => {
  ;({ at, medium, carry, untilHandedOver, moveTo } = await twoStations(keys))
})
afterEach(() => remove(at()))

describe('a ceremony at two stations that share nothing but the medium', () => {
  test('goes from one to the other and back, ends, verifies and replays', async () => {
    await untilHandedOver('room')
    await moveTo('room', 'desk')
    await untilHandedOver('desk')
    await moveTo('desk', 'room')
    await carry('room')
    expect(entriesOf(at('room')).map(({ kind, station }) => `${kind} ${station}`)).toEqual([
      ...['opened room', 'arrived room', 'intent room', 'outcome room', 'intent room', 'handed-over room'],
      ...['received desk', 'arrived desk', 'outcome desk', 'intent desk', 'outcome desk', 'intent desk', 'handed-over desk'],
      ...['received room', 'arrived room', 'outcome room', 'intent room', 'outcome room', 'closed room'],
    ])
    expect(await verifyTranscript(at('room'))).toMatchObject({ ok: true, closed: true, findings: [], warnings: [] })
    expect(await replayTranscript(at('room'), { pluginFolders: [PLUGINS] })).toMatchObject({ ok: true, differences: [] })
  })

  test('is not gone on with where it was handed over, and the message says what to type', async () => {
    await untilHandedOver('room')
    const before = readFileSync(at('room', 'transcript.intoto.jsonl'))
    await expect(carry('room')).rejects.toMatchObject({
      code: 'station/handed-over',
      advice: expect.stringContaining(`ceremony hand-over ${at('room')} --to desk -o`),
    })
    await moveTo('room', 'desk')
    await expect(carry('room')).rejects.toMatchObject({ code: 'station/handed-over' })
    expect(readFileSync(at('room', 'transcript.intoto.jsonl'))).toEqual(before)
  })

  test('is not begun at a station where its first step does not belong', async () => {
    prepare(at('desk'), { runbook: at('given.yaml'), setup: at('desk', 'setup.yaml'), answers: at('desk', 'answers.yaml') })
    await expect(carry('desk')).rejects.toMatchObject({ code: 'station/not-here', exitCode: 3 })
  })

  test('the bundle holds no secret, no key, no answers and no setup', async () => {
    await untilHandedOver('room')
    await handOver(at('room'), 'desk', medium)
    const bundle = readFileSync(medium, 'latin1')
    const secrets = [
      ...OFFICERS.map(({ passphrase }) => passphrase),
      ...filesBelow(at('room'))
        .filter((file) => /(station|officer-\d|witness-\d)\.pem$/.test(file))
        .map((file) => readFileSync(file, 'latin1').split('\n')[1]!),
    ]
    expect(secrets).toHaveLength(7)
    expect(secrets.filter((secret) => bundle.includes(secret))).toEqual([])
    expect(bundle).not.toMatch(/PRIVATE KEY|passphrase|answers\.yaml|setup\.yaml/)
  })

  test('the same hand-over makes the same bundle', async () => {
    await untilHandedOver('room')
    const { sha256 } = await handOver(at('room'), 'desk', medium)
    expect(await handOver(at('room'), 'desk', at('again.bundle'))).toMatchObject({ sha256 })
  })

  test('nothing is handed over before the runbook does, nor to another station than it says', async () => {
    await expect(handOver(at('room'), 'desk', medium)).rejects.toThrow()
    await untilHandedOver('room')
    await expect(handOver(at('room'), 'cellar', medium)).rejects.toMatchObject({ code: 'hand-over/not-now', exitCode: 2 })
    await moveTo('room', 'desk')
    await expect(handOver(at('desk'), 'room', medium)).rejects.toMatchObject({ code: 'hand-over/not-now' })
  })

  test('receiving twice does nothing the second time, also after work was done', async () => {
    await untilHandedOver('room')
    await moveTo('room', 'desk')
    expect(await receive(medium, at('desk'))).toMatchObject({ already: true })
    await untilHandedOver('desk')
    const before = readFileSync(at('desk', 'transcript.intoto.jsonl'))
    await expect(receive(medium, at('desk'))).rejects.toMatchObject({ code: 'bundle/old', exitCode: 1 })
    expect(readFileSync(at('desk', 'transcript.intoto.jsonl'))).toEqual(before)
    expect(existsSync(at('desk', 'receiving'))).toBe(false)
  })

  test('received into a second folder of the same station is refused, while the first is there', async () => {
    await untilHandedOver('room')
    await moveTo('room', 'desk')
    mkdirSync(at('second'))
    const setup = parse(readFileSync(at('desk', 'setup.yaml'), 'utf8'))
    setup.stations.desk.key = at('desk', 'station.pem')
    setup.stations.room['public-key'] = at('desk', 'room.pub.pem')
    writeFileSync(at('second', 'setup.yaml'), stringify(setup))
    await expect(receive(medium, at('second'))).rejects.toMatchObject({
      code: 'receive/elsewhere',
      found: at('desk'),
      advice: expect.stringContaining(`ceremony resume ${at('desk')}`),
    })
    expect(readdirSync(at('second'))).toEqual(['setup.yaml'])
    renameSync(at('desk', 'transcript.intoto.jsonl'), at('lost'))
    expect(await receive(medium, at('second'))).toMatchObject({ already: false })
  })

  test('a bundle for another station is refused', async () => {
    await untilHandedOver('room')
    await handOver(at('room'), 'desk', medium)
    await expect(receive(medium, at('room'))).rejects.toMatchObject({ code: 'receive/not-for-us' })
  })

  test('a station of the same name with another key is refused, with both fingerprints', async () => {
    await untilHandedOver('room')
    await handOver(at('room'), 'desk', medium)
    mkdirSync(at('impostor'))
    await createStation(at('impostor'), 'room')
    cpSync(at('impostor', 'room.pub.pem'), at('desk', 'room.pub.pem'))
    await expect(receive(medium, at('desk'))).rejects.toMatchObject({
      code: 'receive/stranger',
      found: expect.stringMatching(/^room: [0-9a-f]{64}$/),
      expected: expect.stringMatching(/^room: [0-9a-f]{64}$/),
    })
    expect(existsSync(at('desk', 'transcript.intoto.jsonl'))).toBe(false)
  })

  test('where two went on from the same point, the lines that differ are named', async () => {
    await untilHandedOver('room')
    await moveTo('room', 'desk')
    cpSync(at('desk'), at('copy'), { recursive: true })
    await untilHandedOver('desk')
    await untilHandedOver('copy')
    await moveTo('desk', 'room')
    await handOver(at('copy'), 'room', medium)
    const before = readFileSync(at('room', 'transcript.intoto.jsonl'))
    await expect(receive(medium, at('room'))).rejects.toMatchObject({
      code: 'bundle/fork',
      found: expect.stringMatching(/line 8 here: +arrived, by desk at .*\nline 8 in the bundle: arrived, by desk at /),
      exitCode: 1,
    })
    expect(readFileSync(at('room', 'transcript.intoto.jsonl'))).toEqual(before)
  })
})

describe('a bundle that is not as it was written', () => {
  beforeEach(async () => {
    await untilHandedOver('room')
    await handOver(at('room'), 'desk', medium)
  })

  const refused = async (code: string): Promise<void> => {
    await expect(receive(medium, at('desk'))).rejects.toMatchObject({
      code,
      exitCode: 1,
      advice: expect.stringContaining('Nothing was changed'),
    })
    expect(existsSync(at('desk', 'transcript.intoto.jsonl'))).toBe(false)
    expect(existsSync(at('desk', 'artifacts'))).toBe(false)
    expect(existsSync(at('desk', 'receiving'))).toBe(false)
  }

  test('is refused when it ends too early, wherever that is', async () => {
    const whole = readFileSync(medium)
    for (const length of [0, 1, 511, 512, 700, whole.length >> 1, whole.length - 1024, whole.length - 1]) {
      writeFileSync(medium, whole)
      truncateSync(medium, length)
      await refused('bundle/unfit')
    }
  })

  test('is refused when any one of its bytes is another', async () => {
    const whole = readFileSync(medium)
    for (let round = 0; round < 40; round++) {
      const altered = Buffer.from(whole)
      const place = Math.floor((round * whole.length) / 40)
      altered[place]! ^= 1
      writeFileSync(medium, altered)
      await expect(receive(medium, at('desk'))).rejects.toMatchObject({ code: expect.stringMatching(/^bundle\//) })
    }
    expect(existsSync(at('desk', 'transcript.intoto.jsonl'))).toBe(false)
  })

  test('is refused when it holds a path that leads out of the folder, a link, or a file too many', async () => {
    const whole = readFileSync(medium)
    for (const name of ['../../evil', '/etc/evil', 'setup.yaml', 'artifacts/sha256/../../../evil', 'runbook.yaml']) {
      const header = Buffer.from(whole.subarray(0, 512))
      header.fill(0, 0, 100).write(name)
      header.write('        ', 148)
      header.write(
        `${header
          .reduce((sum, byte) => sum + byte, 0)
          .toString(8)
          .padStart(6, '0')}\0 `,
        148,
      )
      writeFileSync(medium, Buffer.concat([header, whole.subarray(512)]))
      await refused('bundle/unfit')
    }
    expect(existsSync(at('evil'))).toBe(false)
    writeFileSync(medium, Buffer.concat([whole.subarray(0, -1024), whole.subarray(0, -1024), Buffer.alloc(1024)]))
    await refused('bundle/unfit')
  })

  test('is refused when it is no file at all', async () => {
    await expect(receive(at('desk'), at('desk'))).rejects.toMatchObject({ code: 'bundle/unfit' })
    await expect(receive(at('nothing'), at('desk'))).rejects.toMatchObject({ code: 'bundle/unfit' })
  })
})
