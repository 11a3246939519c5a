import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { prepare } from '../../engine/src/ceremony/folder.ts'
import { readSetup } from '../../engine/src/ceremony/setup-file.ts'
import { entriesOf, remove } from '../e2e/rehearsal.ts'
import { carry, layOut } from './small.ts'

test('a setup and answers from another folder go on naming the keys that lie beside them', async () => {
  const home = await layOut()
  const dir = mkdtempSync(join(tmpdir(), 'ceremony-elsewhere-'))
  prepare(dir, { runbook: join(home, 'runbook.yaml'), setup: join(home, 'setup.yaml'), answers: join(home, 'answers.yaml') })
  expect(readSetup(join(dir, 'setup.yaml'))).toEqual(readSetup(join(home, 'setup.yaml')))
  await carry(dir)
  expect(entriesOf(dir).at(-1)).toMatchObject({ kind: 'closed', result: 'complete' })
  for (const folder of [home, dir]) remove(folder)
})
