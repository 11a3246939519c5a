/** Reads what `enquiry` prints: a block for the host's server, and one for each module. */
import type { Context } from '@ceremony/engine/plugin'
import { ask, unknownOutput } from './tool.ts'

export type Mode = 'operational' | 'initialization' | 'maintenance'

interface Enquiry {
  readonly esn: string
  readonly mode: Mode
  readonly firmware: string
  /** Version of the support software on the host. */
  readonly software: string
}

/** Names are padded to this width, behind one space. */
const NAME_WIDTH = 21
const TITLE = /^(Server|Module #\d+):$/
const VERSION = /^\d+(\.\d+){1,3}$/

/** @throws PluginError `hsm/tool-failed`, `hsm/unknown-output` */
export async function enquire(context: Context, module: number): Promise<Enquiry> {
  return readEnquiry(await ask(context, 'enquiry'), module)
}

/**
 * @param output of `enquiry`; a long value may go on in lines that do not begin with a space
 * @throws PluginError `hsm/unknown-output`
 */
export function readEnquiry(output: string, module: number): Enquiry {
  const blocks = readBlocks(output)
  const value = (title: string, name: string, pattern: RegExp): string => {
    const block = blocks.get(title)
    if (!block) throw unknownOutput('enquiry', `a block \`${title}:\``, [...blocks.keys()].join(', '))
    const found = block.get(name) ?? ''
    if (!pattern.test(found)) throw unknownOutput('enquiry', `\`${name}\` of ${title} like ${pattern.source}`, found)
    return found
  }
  const title = `Module #${module}`
  return {
    esn: value(title, 'serial number', /^[0-9A-F]{4}(-[0-9A-F]{4}){2}$/),
    mode: modeOf(value(title, 'mode', /^(operational|(pre-)?initiali[sz]ation|(pre-)?maintenance)$/)),
    firmware: value(title, 'version', VERSION),
    software: value('Server', 'version', VERSION),
  }
}

function readBlocks(output: string): Map<string, Map<string, string>> {
  const blocks = new Map<string, Map<string, string>>()
  let block: Map<string, string> | undefined
  let last: string | undefined
  for (const line of output.split(/\r?\n/)) {
    const title = TITLE.exec(line)?.[1]
    if (title) {
      if (blocks.has(title)) throw unknownOutput('enquiry', `one block \`${title}:\``, 'two of them')
      block = new Map()
      blocks.set(title, block)
      last = undefined
    } else if (line.trim() === '') {
      last = undefined
    } else if (block && line.startsWith(' ')) {
      last = line.slice(1, NAME_WIDTH + 1).trimEnd()
      const padded = line.length <= NAME_WIDTH || line[NAME_WIDTH] === ' '
      if (!padded || last === '' || block.has(last))
        throw unknownOutput('enquiry', `a name of its own, padded to ${NAME_WIDTH} columns`, line)
      block.set(last, line.slice(NAME_WIDTH + 1).trimEnd())
    } else if (block && last !== undefined) {
      block.set(last, `${block.get(last)}${line.trimEnd()}`)
    } else {
      throw unknownOutput('enquiry', 'blocks `Server:` and `Module #1:`', line)
    }
  }
  return blocks
}

function modeOf(word: string): Mode {
  if (word === 'operational') return word
  return word.includes('maintenance') ? 'maintenance' : 'initialization'
}
