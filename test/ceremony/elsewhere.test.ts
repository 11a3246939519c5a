import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { prepare } from '../../engine/src/ceremony/folder.ts'
import { handOver } from '../../engine/src/ceremony/hand-over.ts'
import { readSetup } from '../../engine/src/ceremony/setup-file.ts'
import { ceremony, entriesOf, remove } from '../e2e/rehearsal.ts'
import { carry, layOut } from './small.ts'
import { officersKeys, twoStations } from './two-stations.ts'

test('a setup and answers from another folder go on naming the keys that lie beside them', async () => {
  const home = await layOut()
  const dir = mkdtempSync(join(tmpdir(), 'ceremony-elsewhere-'))
  prepare(dir, { runbook: join(home, 'runbook.yaml'), setup: join(home, 'setup.yaml'), answers: join(home, 'answers.yaml') })
  expect(readSetup(join(dir, 'setup.yaml'))).toEqual(readSetup(join(home, 'setup.yaml')))
  await carry(dir)
  expect(entriesOf(dir).at(-1)).toMatchObject({ kind: 'closed', result: 'complete' })
  for (const folder of [home, dir]) remove(folder)
})

test('`receive` takes a setup and answers over from another folder in the same way', async () => {
  const keys = await officersKeys()
  const { at, medium, untilHandedOver } = await twoStations(keys)
  await untilHandedOver('room')
  await handOver(at('room'), 'desk', medium)
  const given = ['--setup', at('desk', 'setup.yaml'), '--unattended', at('desk', 'answers.yaml')]
  expect(await ceremony('receive', medium, '--dir', at('folder'), ...given)).toMatchObject({ code: 0 })
  expect(readSetup(at('folder', 'setup.yaml'))).toEqual(readSetup(at('desk', 'setup.yaml')))
  await untilHandedOver('folder')
  for (const folder of [keys, at()]) remove(folder)
}, 60_000)
