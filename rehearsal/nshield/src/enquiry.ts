/** enquiry: what the host's server and the module are. */
import { settleEffects } from './effects.ts'
import { readModule } from './module.ts'
import { checkModule, readArguments, runTool, say } from './tool.ts'
import { openTwin } from './twin.ts'
import { readWorld } from './world.ts'

await runTool((args) => {
  const { values } = readArguments({ args: [...args], options: { module: { type: 'string', short: 'm' } } })
  checkModule(values.module)
  const twin = openTwin()
  settleEffects(twin)
  const module = readModule(twin)
  const common = { 'enquiry reply flags': 'none', 'enquiry reply level': 'Six', 'serial number': module.esn }
  block('Server', {
    ...common,
    mode: 'operational',
    version: module.software,
    'speed index': '478',
    'rec. queue': '374..574',
    'level one flags': 'Hardware HasTokens SupportsCommandState',
    'version string': `${module.software}, ${module.firmware}`,
    'module type code': '0',
    'product name': 'nFast server',
    'device name': '',
    'EnquirySix version': '8',
    'supported KML types': '',
    'active modes': 'none',
    'remote port (IPv4)': '9004',
  })
  say()
  block('Module #1', {
    ...common,
    mode: module.mode,
    version: module.firmware,
    'speed index': module.model === 'edge' ? '4' : '478',
    'rec. queue': '43..152',
    'level one flags': 'Hardware HasTokens SupportsCommandState',
    'version string': module.firmware,
    'max. write size': '8192',
    'module type code': module.model === 'edge' ? '10' : '12',
    'product name': module.model === 'edge' ? 'nC30N1E' : 'nC3025E/nC4035E/nC4335N',
    'device name': '',
    'EnquirySix version': '7',
    'SEE machine type': 'None',
    'supported KML types': 'DSAp1024s160 DSAp3072s256',
    'active modes': readWorld(twin)?.mode === 'fips-140-level-3' ? 'StrictFIPS140' : 'none',
    'hardware status': 'OK',
  })
  return 0
})

/** A name of up to 20 characters, padded; nothing behind the name where the value is empty. */
function block(title: string, values: Readonly<Record<string, string>>): void {
  say(`${title}:`)
  for (const [name, value] of Object.entries(values)) say(` ${value === '' ? name : `${name.padEnd(21)}${value}`}`)
}
