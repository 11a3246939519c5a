/** A person who knows everything that stands on a cheat sheet, and answers whatever is asked until the program ends. */
import type { Terminal } from './pty.ts'

export interface Rule {
  readonly when: RegExp
  readonly answer: string | ((match: RegExpExecArray) => string)
}

/** @returns the exit code */
export async function answerAll(terminal: Terminal, rules: readonly Rule[]): Promise<number | null> {
  const any = new RegExp(rules.map(({ when }) => `(?:${when.source})`).join('|'))
  for (;;) {
    const seen = await Promise.race([terminal.see(any), terminal.ended.then(() => undefined)])
    if (!seen) return terminal.ended
    const rule = rules.find(({ when }) => when.test(seen[0]))!
    terminal.type(typeof rule.answer === 'string' ? rule.answer : rule.answer(rule.when.exec(seen[0])!))
  }
}

/** Answers until something else comes. */
export async function answerUntil(terminal: Terminal, rules: readonly Rule[], end: RegExp): Promise<void> {
  const any = new RegExp([end, ...rules.map(({ when }) => when)].map(({ source }) => `(?:${source})`).join('|'))
  for (;;) {
    const [seen] = await terminal.see(any)
    if (end.test(seen)) return
    const rule = rules.find(({ when }) => when.test(seen))!
    terminal.type(typeof rule.answer === 'string' ? rule.answer : rule.answer(rule.when.exec(seen)!))
  }
}

/** @returns what the cheat sheet of a rehearsal tells: whose passphrase is what */
export function readCheatSheet(text: string): Map<string, string> {
  const rows = [...text.matchAll(/^ {2}(\S.*?) {2,}(\S.*)$/gm)].map(([, name, value]) => [name!, value!] as const)
  return new Map(rows)
}

/** The answers of a rehearsal by hand of the bring-your-own-key ceremony. */
export function rulesOf(sheet: ReadonlyMap<string, string>): Rule[] {
  let bag = 100_000
  const know = (name: string): string => sheet.get(name) ?? `nothing is known of ${name}`
  return [
    { when: /Is everyone in the room\?[^:]*:/, answer: 'all' },
    { when: /Passphrase of ([a-z0-9-]+) \(hidden; Enter alone: whole digest\):/, answer: ([, name]) => know(name!) },
    {
      when: /assphrase of administrator card, number (\d+)(, once more)? \(hidden\):/,
      answer: ([, card]) => know(`administrator card ${card}`),
    },
    {
      when: /assphrase of operator card of `(\w+)', number (\d+)(, once more)? \(hidden\):/,
      answer: ([, set, card]) => know(`operator card of ${set}, number ${card}`),
    },
    { when: /Client secret of application [0-9a-f-]+ \(hidden\):/, answer: () => know('client secret of the application') },
    { when: /Who signs\? Type the number:/, answer: '1' },
    { when: /Press Enter when it is done, or type "cannot":/, answer: '' },
    { when: /Type "done" when it is done:/, answer: 'done' },
    { when: /room: *$/, answer: 'rehearsal' },
    { when: /documents-seen:/, answer: 'yes' },
    { when: /(administrator|operator)-card-bag, (\d):/, answer: () => `RH${++bag}` },
    { when: /-card-bag, \d, once more, read from the object again:/, answer: () => `RH${bag}` },
    { when: /Is all of this right\?[^:]*:/, answer: 'yes' },
    { when: /Type "stop" to stop here, or the reason to go on nevertheless:/, answer: 'a rehearsal on a machine that has a network' },
  ]
}
