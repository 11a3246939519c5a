/**
 * The module's PKCS#11 library and the program that makes tokens: built with the machine's C compiler, or taken ready built from beside the
 * sources, where a pack for a machine without a compiler has put them.
 */
import { execFile } from 'node:child_process'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ToolError } from './tool-error.ts'

const SOURCES = fileURLToPath(new URL('../module', import.meta.url))
const BUILT = fileURLToPath(new URL('../built', import.meta.url))

/**
 * @param folder gets `libcknfast.so` and `init-token`
 * @throws ToolError when there is no compiler, or it refuses
 */
export async function buildLibrary(folder: string): Promise<void> {
  if (existsSync(BUILT)) {
    for (const name of ['libcknfast.so', 'init-token']) copyFileSync(join(BUILT, name), join(folder, name))
    return
  }
  await Promise.all([
    compile(['-shared', '-fPIC', '-o', join(folder, 'libcknfast.so'), join(SOURCES, 'cknfast.c'), '-ldl', '-lpthread']),
    compile(['-o', join(folder, 'init-token'), join(SOURCES, 'init-token.c'), '-ldl']),
  ])
}

async function compile(args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)('cc', ['-O1', '-Wall', '-Wextra', ...args])
  } catch (error) {
    throw new ToolError(`the C compiler \`cc\` could not build the module's library: ${(error as Error).message}`)
  }
}
