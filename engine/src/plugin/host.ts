/**
 * The main program of a plugin's process: loads the plugin named in argv, says what it can do, and carries out calls.
 * Started by process.ts with no rights but reading its own code.
 */
import type { Action, HttpDoor, Plugin } from './contract.ts'
import * as determinism from './determinism.ts'
import { contextOver } from './doors.ts'
import { errorData, errorFrom } from './error-data.ts'
import type { Call, DoorName, FromPlugin, Manifest, Reply, ToPlugin } from './protocol.ts'

const send = (message: FromPlugin): void => {
  process.send!(message)
}

let asked = 0
let answered = 0
const waiting = new Map<number, (reply: Reply) => void>()

function start(door: DoorName, request: unknown, done: (reply: Reply) => void): number {
  const id = ++asked
  waiting.set(id, done)
  send({ kind: 'ask', id, door, request, after: answered })
  return id
}

const ask = (door: DoorName, request: unknown): Promise<unknown> =>
  new Promise((resolve, reject) => {
    start(door, request, (reply) => (reply.ok ? resolve(reply.value) : reject(errorFrom(reply.error))))
  })

determinism.install({
  start: (milliseconds, done) => start('clock', { sleep: milliseconds }, done),
  withdraw: (id) => {
    if (waiting.delete(id)) send({ kind: 'withdraw', id })
  },
})

function describe(plugin: Plugin): Manifest {
  const actions = Object.entries(plugin.actions).map(([name, action]) => [
    name,
    {
      title: action.title,
      // Through JSON: TypeBox keeps its own marks on symbols, which structured clone refuses.
      input: JSON.parse(JSON.stringify(action.input)),
      output: JSON.parse(JSON.stringify(action.output)),
      readsOnly: action.readsOnly ?? false,
      reconciles: action.reconcile !== undefined,
    },
  ])
  return { name: plugin.name, title: plugin.title, needs: plugin.needs, actions: Object.fromEntries(actions) }
}

async function carryOut(plugin: Plugin, http: HttpDoor | null, call: Call): Promise<unknown> {
  const action = plugin.actions[call.action] as Action
  if (call.what === 'says') return action.says(call.input)
  const context = contextOver(ask, call.cloud, http, (text) => send({ kind: 'log', text }))
  return call.what === 'run' ? action.run(call.input, context) : action.reconcile!(call.input, context)
}

try {
  const plugin = (await import(process.argv[2]!)).default as Plugin
  const http = plugin.needs.http ? (await import('./http-door.ts')).httpDoorOver(ask) : null
  const take = async (message: ToPlugin): Promise<void> => {
    if (message.kind === 'answer') {
      answered++
      determinism.setTime(message.time)
      const done = waiting.get(message.id)
      waiting.delete(message.id)
      done?.(message.reply)
      return
    }
    determinism.setTime(message.time)
    determinism.setSeed(message.seed)
    asked = 0
    answered = 0
    waiting.clear()
    try {
      send({ kind: 'result', id: message.id, reply: { ok: true, value: await carryOut(plugin, http, message) } })
    } catch (error) {
      send({ kind: 'result', id: message.id, reply: { ok: false, error: errorData(error) } })
    }
  }
  // One message at a time, and the next not before everything has happened that the last one set going: two that come
  // together would otherwise be told apart on one run and not on another.
  const messages: ToPlugin[] = []
  const next = (): void => {
    void take(messages[0]!)
    setImmediate(() => {
      messages.shift()
      if (messages.length > 0) next()
    })
  }
  process.on('message', (message: ToPlugin) => {
    if (messages.push(message) === 1) next()
  })
  process.on('disconnect', () => process.exit(0))
  send({ kind: 'ready', manifest: describe(plugin) })
} catch (error) {
  send({ kind: 'broken', error: errorData(error) })
}
