/** A text on one line of at most `width` characters, an ellipsis for what is missing. Without a width it stays whole. */
export function cut(text: string, width: number | undefined): string {
  const characters = [...text]
  if (width === undefined || characters.length <= width) return text
  return `${characters.slice(0, Math.max(width - 1, 0)).join('')}…`
}

/** Rows as lines with aligned columns; the last one is cut where the terminal ends. */
export function table(rows: readonly (readonly string[])[], width?: number): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, index) =>
    Math.max(...rows.map((row) => lengthOf(row[index] ?? ''))),
  )
  const used = widths.map((size, index) => (size === 0 ? undefined : index)).filter((i) => i !== undefined)
  return rows.map((row) => {
    const cells = used.map((index) => pad(row[index] ?? '', widths[index] ?? 0))
    return cut(cells.join('  ').trimEnd(), width)
  })
}

export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - lengthOf(text)))
}

function lengthOf(text: string): number {
  return [...text].length
}
