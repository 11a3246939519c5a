/** build-library: builds the module's PKCS#11 library and the token maker into the folder that NSHIELD_TWIN names. */
import { buildLibrary } from './shim.ts'
import { runTool } from './tool.ts'
import { openTwin } from './twin.ts'

await runTool(async () => {
  await buildLibrary(openTwin().folder)
  return 0
})
