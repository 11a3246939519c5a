/** nopclearfail: clears the module into another mode. */
import { type Mode, readModule, setMode } from './module.ts'
import { checkModule, readArguments, runTool, say } from './tool.ts'
import { ToolError } from './tool-error.ts'
import { openTwin } from './twin.ts'

await runTool((args) => {
  const { values } = readArguments({
    args: [...args],
    options: {
      module: { type: 'string', short: 'm' },
      initialization: { type: 'boolean', short: 'I' },
      operational: { type: 'boolean', short: 'O' },
      maintenance: { type: 'boolean', short: 'M' },
      wait: { type: 'boolean' },
    },
  })
  checkModule(values.module)
  const asked = (['initialization', 'operational', 'maintenance'] as const).filter((mode) => values[mode])
  if (asked.length !== 1) throw new ToolError('one of -I, -O and -M is needed', 2)
  const mode: Mode = asked[0]!
  const twin = openTwin()
  if (readModule(twin).model === 'edge') {
    say('Module 1, command ClearUnitEx: NotAvailable')
    throw new ToolError('the mode of this module is changed with its Mode and Clear buttons')
  }
  setMode(twin, mode)
  say('Module 1, command ClearUnitEx: OK')
  return 0
})
