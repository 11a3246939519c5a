/** new-rack: sets up a fresh module, its library and a rack of blank cards in the folder that NSHIELD_TWIN names. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { writeCard } from './card.ts'
import { writeDurably, writeJson } from './files.ts'
import type { Module } from './module.ts'
import { buildLibrary } from './shim.ts'
import { readArguments, runTool, say } from './tool.ts'
import { ToolError } from './tool-error.ts'
import { openTwin } from './twin.ts'

await runTool(async (args) => {
  const { values } = readArguments({
    args: [...args],
    options: { cards: { type: 'string', default: '6' }, model: { type: 'string', default: 'solo' } },
  })
  const cards = /^\d{1,3}$/.test(values.cards) ? Number(values.cards) : 0
  if (cards < 1) throw new ToolError('--cards takes a number from 1 to 999', 2)
  if (values.model !== 'solo' && values.model !== 'edge') throw new ToolError('--model takes solo or edge', 2)
  const twin = openTwin()
  if (existsSync(twin.module)) throw new ToolError(`a module is set up in ${twin.folder} already`)
  for (const folder of [twin.rack, twin.tokens, twin.keyData]) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }
  await buildLibrary(twin.folder)
  writeDurably(twin.softhsmConfiguration, `directories.tokendir = ${twin.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`)
  for (let card = 1; card <= cards; card++) writeCard(twin, { label: `C${String(card).padStart(3, '0')}`, contents: null })
  writeDurably(twin.effects, '')
  const module: Module = { esn: serialNumber(), model: values.model, mode: 'operational', firmware: '12.72.2', software: '13.6.12' }
  // Last: a folder without it is not set up.
  writeJson(twin.module, module)
  say(`module ${module.esn} and ${cards} blank cards are in ${twin.folder}`)
  return 0
})

function serialNumber(): string {
  return `${randomBytes(2).toString('hex')}-${randomBytes(2).toString('hex')}-D947`.toUpperCase()
}
