/** A plain table: headings, then a line per row, columns two spaces apart. */
export function formatTable(headings: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const lines = [headings, ...rows.map((row) => row.map(formatCell))]
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines.map((line) => `${padded(line, widths).join('  ').trimEnd()}\n`).join('')
}

/** One thing, a line per field; a field of a field is named after both. */
export function formatFields(fields: Record<string, unknown>): string {
  const entries = Object.entries(fields).flatMap(leavesOf)
  const width = Math.max(0, ...entries.map(([name]) => name.length))
  return entries
    .map(([name, value]) => `${`${name}:`.padEnd(width + 1)}  ${formatCell(value)}`.trimEnd().concat('\n'))
    .join('')
}

function leavesOf([name, value]: [string, unknown]): [string, unknown][] {
  const parts = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
  const entries = Object.entries(parts)
  if (entries.length === 0) return [[formatCell(name), value]]
  return entries.flatMap(([part, inner]) => leavesOf([`${name}.${part}`, inner]))
}

/** A value as one line. What a server said must not move the cursor or colour the terminal. */
export function formatCell(value: unknown): string {
  if (value === undefined || value === null) return '-'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd')
}

/** JSON for a terminal as well as for programs: what could move the cursor stands there escaped, and means the same. */
export function formatJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, escaped)
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}

function padded(cells: readonly string[], widths: readonly number[]): string[] {
  return cells.map((cell, column) => cell.padEnd(widths[column] ?? 0))
}
