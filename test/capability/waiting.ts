/** Runs the tool \`asks\` of a folder, and never answers what it asks: FOLDER. */
import { liveCommands } from '../../engine/src/capability/command.ts'
import { makeScratch } from '../../engine/src/capability/scratch.ts'

const people = { secret: () => new Promise<string>(() => {}), hands: async () => ({ done: true as const }) }
const commands = liveCommands({ tools: process.argv[2]!, library: '', environment: {} }, ['asks'], people, makeScratch(), () => {})
setInterval(() => {}, 1000)
await commands.run({ program: 'asks', args: [], answers: [{ when: 'PIN: ', give: { secret: 'pin', ask: 'PIN' } }] })
