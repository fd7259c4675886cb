export interface Pair<Item> {
  row: string
  column: string
  calls: number
  item: Item
}

export interface Grid<Item> {
  rows: { key: string; item: Item; calls: number }[]
  columns: { key: string; item: Item; calls: number }[]
  /** By row, then by column; undefined where there was no call. */
  cells: (Item | undefined)[][]
  /** The most calls in one cell. */
  most: number
}

/** Lays pairs out as a table of the busiest rows by the busiest columns. */
export function gridOf<Item>(pairs: readonly Pair<Item>[], size: number): Grid<Item> {
  const rows = busiest(pairs, ({ row }) => row, size)
  const columns = busiest(pairs, ({ column }) => column, size)
  const byPlace = new Map(pairs.map((pair) => [placeOf(pair.row, pair.column), pair]))
  const placed = rows.map((row) => columns.map((column) => byPlace.get(placeOf(row.key, column.key))))
  return {
    rows,
    columns,
    cells: placed.map((line) => line.map((pair) => pair?.item)),
    most: Math.max(1, ...placed.flat().map((pair) => pair?.calls ?? 0)),
  }
}

function placeOf(row: string, column: string): string {
  return JSON.stringify([row, column])
}

function busiest<Item>(pairs: readonly Pair<Item>[], keyOf: (pair: Pair<Item>) => string, size: number) {
  const sums = new Map<string, { key: string; item: Item; calls: number }>()
  for (const pair of pairs) {
    const key = keyOf(pair)
    const known = sums.get(key)
    if (known === undefined) sums.set(key, { key, item: pair.item, calls: pair.calls })
    else known.calls += pair.calls
  }
  return [...sums.values()].toSorted((a, b) => b.calls - a.calls).slice(0, size)
}
