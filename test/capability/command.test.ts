import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test, vi } from 'vitest'
import { liveCommands } from '../../engine/src/capability/command.ts'
import type { SecretsAndHands } from '../../engine/src/capability/people.ts'
import { makeScratch } from '../../engine/src/capability/scratch.ts'
import type { HandsRequest } from '../../engine/src/plugin/contract.ts'

const tools = mkdtempSync(join(tmpdir(), 'ceremony-tools-'))
afterAll(() => rmSync(tools, { recursive: true }))

const tool = (name: string, script: string): void => {
  writeFileSync(join(tools, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(tools, name), 0o755)
}

/** A person with two passphrases, the first of them wrong, and so many cards. */
function people(cards: number): SecretsAndHands & { asked: string[]; did: HandsRequest[] } {
  const asked: string[] = []
  const did: HandsRequest[] = []
  return {
    asked,
    did,
    secret: async ({ secret, ask }, attempt) => {
      asked.push(`${ask} (${attempt})`)
      return attempt === 1 ? 'wrong' : `right for ${secret}`
    },
    hands: async (request) => {
      did.push(request)
      return did.length <= cards ? { done: true } : { done: false, reason: 'there is no further card' }
    },
  }
}

const open = (who: SecretsAndHands, scratch = makeScratch(), allowed = ['reader', 'holder', 'where']) =>
  liveCommands({ tools, library: '', environment: { STATION: 'yes' } }, allowed, who, scratch, () => {})

const answers = [
  { when: 'slot (?<slot>\\d): empty', give: { hands: 'insert-card', ask: 'Put a card into slot $<slot>', details: { slot: '$<slot>' } } },
  { when: 'passphrase of card (?<card>\\d+): ', give: { secret: 'card/$<card>', ask: 'Card $<card>' } },
  { when: 'wrong passphrase, card (?<card>\\d+), again: ', give: { secret: 'card/$<card>', ask: 'Card $<card>' }, wrong: true },
]

test('answers a tool’s questions as they come, asks again for a wrong secret, and names secrets without telling them', async () => {
  tool(
    'reader',
    `trap 'echo interrupted >&2; exit 130' INT
     echo "slot 0: empty"; sleep 0.1; printf 'passphrase of card 7: '; read -r first
     printf 'wrong passphrase, card 7, again: '; read -r second
     echo; echo "got $(printf %s "$second" | wc -c) characters"; [ "$second" = 'right for card/7' ]`,
  )
  const who = people(1)
  const result = await open(who).run({ program: 'reader', args: [], answers })
  expect(result.exitCode).toBe(0)
  expect(who.asked).toEqual(['Card 7 (1)', 'Card 7 (2)'])
  expect(who.did).toEqual([{ hands: 'insert-card', ask: 'Put a card into slot 0', details: { slot: '0' } }])
  expect(result.answered).toEqual([{ hands: 'insert-card' }, { secret: 'card/7', attempt: 1 }, { secret: 'card/7', attempt: 2 }])
  expect(JSON.stringify(result)).not.toContain('right for')
})

test('ends a tool that asks for what nobody can do, and says why', async () => {
  tool('reader', `trap 'echo interrupted >&2; exit 130' INT; echo "slot 0: empty"; while :; do sleep 0.05; done`)
  const result = await open(people(0)).run({ program: 'reader', args: [], answers })
  expect(result).toMatchObject({ exitCode: 130, cancelled: 'there is no further card', stdout: expect.stringContaining('interrupted') })
})

test('a tool that asks has a terminal, which shows nothing of what is typed, even if the tool forgets to switch the echo off', async () => {
  tool(
    'reader',
    `test -t 0 && test -t 1 && echo "a terminal for $1"; printf 'passphrase of card 7: '; read -r first; echo; echo "$first" | wc -c`,
  )
  const args = [`it's "quoted" $HOME \`id\``]
  const result = await open(people(1)).run({ program: 'reader', args, answers })
  expect(result.stdout).toBe(`a terminal for ${args[0]}\npassphrase of card 7: \n${'wrong'.length + 1}\n`)
})

test('a tool that waits for an answer ends with the engine, however the engine ends', async () => {
  const pidFile = join(tools, 'pid')
  tool('asks', `echo $$ > ${pidFile}; stty -echo raw; printf 'PIN: '; dd bs=1 count=1 2>/dev/null`)
  const engine = spawn(process.execPath, [fileURLToPath(new URL('./waiting.ts', import.meta.url)), tools], { stdio: 'ignore' })
  const pid = await vi.waitFor(() => Number(readFileSync(pidFile, 'utf8')), { timeout: 20_000 })
  expect(existsSync(`/proc/${pid}`)).toBe(true)
  engine.kill('SIGKILL')
  await vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false), { timeout: 10_000 })
}, 40_000)

test('holds a tool until it is released, and gives it a scratch path that the plugin never sees', async () => {
  tool(
    'holder',
    `trap 'rm -f "$1"; echo released; exit 0' TERM; echo secret > "$1"; echo "ready $1 $NFAST_FILE $STATION"; while :; do sleep 0.05; done`,
  )
  const scratch = makeScratch()
  const commands = open(people(0), scratch)
  const held = await commands.hold(
    { program: 'holder', args: ['{scratch}/tokens'], environment: { NFAST_FILE: '{scratch}/tokens' } },
    '^ready .* yes$',
  )
  expect(held).toEqual({ hold: 1 })
  await commands.release(1)
  await commands.close()
  scratch.remove()

  tool('where', `echo "$1"`)
  const again = makeScratch()
  expect((await open(people(0), again).run({ program: 'where', args: ['{scratch}/x'] })).stdout).toBe('{scratch}/x\n')
  again.remove()
})

test('a tool that ends before it is ready is a result, not a hang', async () => {
  tool('holder', 'echo no cards >&2; exit 4')
  const held = await open(people(0)).hold({ program: 'holder', args: [] }, 'ready')
  expect(held).toMatchObject({ result: { exitCode: 4, stderr: 'no cards\n' } })
})

test('runs only the programs that the plugin’s needs name, with no variables but the vendor’s', async () => {
  const commands = open(people(0), makeScratch(), ['reader'])
  await expect(async () => commands.run({ program: 'where', args: [] })).rejects.toMatchObject({ code: 'command/not-allowed' })
  await expect(async () => commands.run({ program: '../../bin/sh', args: [] })).rejects.toMatchObject({ code: 'command/not-allowed' })
  const preload = { program: 'reader', args: [], environment: { LD_PRELOAD: '/tmp/x.so' } }
  await expect(async () => commands.run(preload)).rejects.toMatchObject({ code: 'command/environment' })
})
