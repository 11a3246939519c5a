/**
 * new-rack: sets up a module, its library and a rack of cards in the folder that NSHIELD_TWIN names: a fresh module and blank
 * cards, or (--from) what another twin's folder holds, with more blank cards, and perhaps another module in place of the one there.
 */
import { randomBytes } from 'node:crypto'
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { readCards, writeCard } from './card.ts'
import { writeDurably, writeJson } from './files.ts'
import { type Module, readModule } from './module.ts'
import { buildLibrary } from './shim.ts'
import { readArguments, runTool, say } from './tool.ts'
import { ToolError } from './tool-error.ts'
import { openTwin, type Twin } from './twin.ts'

await runTool(async (args) => {
  const { values } = readArguments({
    args: [...args],
    options: {
      cards: { type: 'string', default: '6' },
      model: { type: 'string', default: 'solo' },
      from: { type: 'string' },
      'new-module': { type: 'string' },
    },
  })
  const cards = /^\d{1,3}$/.test(values.cards) ? Number(values.cards) : 0
  if (cards < (values.from === undefined ? 1 : 0)) throw new ToolError('--cards takes a number from 1 to 999', 2)
  if (values.model !== 'solo' && values.model !== 'edge') throw new ToolError('--model takes solo or edge', 2)
  const esn = values['new-module'] ?? serialNumber()
  if (!/^[0-9A-F]{4}(-[0-9A-F]{4}){2}$/.test(esn)) throw new ToolError('--new-module takes a serial number such as 0A1B-2C3D-4E5F', 2)
  if (values['new-module'] !== undefined && values.from === undefined) throw new ToolError('--new-module goes with --from', 2)
  const twin = openTwin()
  if (existsSync(twin.module)) throw new ToolError(`a module is set up in ${twin.folder} already`)
  for (const folder of [twin.rack, twin.tokens, twin.keyData]) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }
  const fresh: Module = { esn, model: values.model, mode: 'operational', firmware: '12.72.2', software: '13.6.12' }
  const module =
    values.from === undefined ? fresh : takeOver(twin, openTwin(values.from), values['new-module'] === undefined ? undefined : fresh)
  await buildLibrary(twin.folder)
  writeDurably(twin.softhsmConfiguration, `directories.tokendir = ${twin.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`)
  const present = readCards(twin).length
  for (let card = 1; card <= cards; card++) writeCard(twin, { label: `C${String(present + card).padStart(3, '0')}`, contents: null })
  if (!existsSync(twin.effects)) writeDurably(twin.effects, '')
  // Last: a folder without it is not set up.
  writeJson(twin.module, module)
  say(`module ${module.esn} and ${present + cards} cards are in ${twin.folder}`)
  return 0
})

/** Copies key data, the keys' tokens and cards; and the module with what it holds, unless another one stands in for it. */
function takeOver(twin: Twin, from: Twin, other: Module | undefined): Module {
  const module = readModule(from)
  for (const part of ['keyData', 'tokens', 'rack'] as const) cpSync(from[part], twin[part], { recursive: true })
  for (const part of [...(other ? [] : (['moduleKey'] as const)), 'slot' as const, 'effects' as const])
    if (existsSync(from[part])) copyFileSync(from[part], twin[part])
  return other ?? module
}

function serialNumber(): string {
  return `${randomBytes(2).toString('hex')}-${randomBytes(2).toString('hex')}-D947`.toUpperCase()
}
