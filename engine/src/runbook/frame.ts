import type { Finding, Position } from './model.ts'

const WIDTH = 120

/**
 * Draws a line of source with a marker below the column.
 * @param line the line's text without its end
 * @returns two lines, ready to print; a very long line is cut around the column
 */
export function frame(line: string, position: Position): string {
  // A tab would move the marker, and a control character might move the terminal's cursor.
  const shown = line.replace(/[\p{Cc}\p{Cf}]/gu, ' ')
  const start = position.column - 1 > WIDTH - 20 ? position.column - 1 - WIDTH / 2 : 0
  const cut = shown.slice(start, start + WIDTH)
  const gutter = ` ${position.line} | `
  return `${gutter}${cut}\n${' '.repeat(gutter.length - 2)}| ${' '.repeat(position.column - 1 - start)}^`
}

/** Formats a finding for a terminal or a log: `file:line:column`, what is wrong, the source, what to do. */
export function formatFinding(finding: Finding): string {
  const { file, position, severity, message, code, advice } = finding
  const head = `${file}:${position.line}:${position.column}: ${severity}: ${message} [${code}]`
  return [head, finding.frame, ...(advice === undefined ? [] : [`  ${advice}`])].join('\n')
}

/** The order in which people read: by position, errors before warnings in the same place. */
export function byPosition(a: Finding, b: Finding): number {
  return (
    a.position.line - b.position.line ||
    a.position.column - b.position.column ||
    a.severity.localeCompare(b.severity) ||
    a.code.localeCompare(b.code)
  )
}
