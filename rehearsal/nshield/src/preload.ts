/** preload: loads a card set by K of its cards, and keeps it loaded for as long as it, or the program it runs, goes on. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type CardSet, readCardSets } from './cardset.ts'
import { settleEffects } from './effects.ts'
import { writeDurably } from './files.ts'
import { readModuleKey, requireMode } from './module.ts'
import { readShares } from './read-cards.ts'
import { joinShares } from './secret-split.ts'
import { cardInSlot } from './slot.ts'
import { Terminal } from './terminal.ts'
import { tokenPin } from './token.ts'
import { readArguments, runTool, say } from './tool.ts'
import { ToolError } from './tool-error.ts'
import { openTwin, type Twin } from './twin.ts'
import { hashOf, isUsable, readWorld } from './world.ts'

const LOOK_AGAIN_MS = 100

await runTool(async (args) => {
  const { options, command } = readCommandLine(args)
  const twin = openTwin()
  settleEffects(twin)
  requireMode(twin, 'operational')
  const world = readWorld(twin)
  if (!world || !isUsable(twin, world)) throw new ToolError('there is no usable security world on module #1')
  const set = readCardSets(twin).find(({ name, hkltu }) => name === options.cardset || hkltu === options.cardset)
  if (!set) throw new ToolError(`there is no card set \`${options.cardset}'`)
  const tokensFile = options['preload-file'] ?? process.env.NFAST_NFKM_TOKENSFILE ?? join(twin.folder, 'preload')

  inform(`Loading cardset: ${set.name} in modules: [1]`)
  say()
  say(`Loading \`${set.name}':`)
  const terminal = new Terminal()
  const pin = await openCardSet(twin, terminal, set)
  writeDurably(tokensFile, `${set.name}\t${pin}\n`)
  say()
  const remove = (): void => rmSync(tokensFile, { force: true })
  if (command.length === 1 && command[0] === 'exit') {
    inform('Loading complete. Exiting')
    return 0
  }
  process.once('exit', remove)
  if (command.length === 1 && command[0] === 'pause') {
    inform('Loading complete. Pausing')
    return hold(twin, terminal, set)
  }
  inform(`Loading complete. Executing subprocess ${command.join(' ')}`)
  terminal.close()
  return execute(command, tokensFile)
})

/** Options stand before the command; what follows belongs to the command. */
function readCommandLine(args: readonly string[]) {
  const { tokens } = readArguments({
    args: [...args],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: { cardset: { type: 'string', short: 'c' }, 'preload-file': { type: 'string' } },
  })
  const first = tokens.find((token) => token.kind === 'positional')
  if (!first) throw new ToolError('a command is needed: pause, exit, or a program to run', 2)
  const { values } = readArguments({
    args: args.slice(0, first.index),
    options: { cardset: { type: 'string', short: 'c' }, 'preload-file': { type: 'string' } },
  })
  if (values.cardset === undefined) throw new ToolError('-c names the card set', 2)
  return { options: { cardset: values.cardset, 'preload-file': values['preload-file'] }, command: args.slice(first.index) }
}

/** @returns the PIN of the set's token, once K cards gave their shares */
async function openCardSet(twin: Twin, terminal: Terminal, set: CardSet): Promise<string> {
  const moduleKey = readModuleKey(twin)
  const secret = await joinShares(await readShares(twin, terminal, set.hkltu, set.quorum.needed, moduleKey))
  if (hashOf(secret, 'hkltu') !== set.hkltu) throw new ToolError(`the cards do not give the secret of \`${set.name}'`)
  return tokenPin(secret, moduleKey)
}

/** Holds the set loaded until the person stops it, or takes out the last card of a set that is not persistent. */
async function hold(twin: Twin, terminal: Terminal, set: CardSet): Promise<number> {
  const last = cardInSlot(twin)?.label
  for (;;) {
    try {
      await terminal.pause(LOOK_AGAIN_MS)
    } catch {
      return 0
    }
    if (!set.persistent && cardInSlot(twin)?.label !== last)
      throw new ToolError(`the card was taken out; \`${set.name}' is no longer loaded`)
  }
}

async function execute([program, ...args]: readonly string[], tokensFile: string): Promise<number> {
  const child = spawn(program!, args, { stdio: 'inherit', env: { ...process.env, NFAST_NFKM_TOKENSFILE: tokensFile } })
  const failed = once(child, 'error').then(([error]) => {
    throw new ToolError(`${program} cannot be run: ${(error as Error).message}`, 127)
  })
  const [code] = (await Promise.race([once(child, 'exit'), failed])) as [number | null]
  return code ?? 128
}

function inform(message: string): void {
  const now = new Date().toISOString().slice(0, 19).replace('T', ' ')
  say(`${now}: [${process.pid}]: INFO: ${message}`)
}
