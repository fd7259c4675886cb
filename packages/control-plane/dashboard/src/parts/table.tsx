import { ArrowDown, ArrowUp } from 'lucide-react'
import { type ReactNode, useState } from 'react'

export interface Column<Row> {
  title: string
  cell: (row: Row) => ReactNode
  /** Numbers stand at the end of their column. */
  end?: boolean
  /** What to sort by; absent: not sorted by this column. */
  sortBy?: (row: Row) => number | string
}

interface Props<Row> {
  /** What the table is, for those who do not see it. */
  caption: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  keyOf: (row: Row) => string | number
  /** Stays a table on a narrow screen and scrolls sideways, instead of a card for each row. */
  keep?: boolean
  /** Shown in place of the table when there are no rows. */
  empty?: ReactNode
}

interface Sorting {
  column: number
  descending: boolean
}

/** A table that can be sorted and becomes cards on a narrow screen. The first column names the row. */
export function Table<Row>({ caption, columns, rows, keyOf, keep = false, empty }: Props<Row>) {
  const [sorting, setSorting] = useState<Sorting>()
  if (rows.length === 0 && empty !== undefined) return empty
  return (
    <div className="table-box">
      <table className={keep ? 'table keep' : 'table'}>
        <caption className="aside">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column, index) => (
              <HeadCell
                key={column.title}
                column={column}
                direction={sorting?.column === index ? directionOf(sorting) : undefined}
                onSort={() => setSorting(nextSorting(sorting, index))}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted(rows, columns, sorting).map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column, index) => (
                <td
                  key={column.title}
                  className={
                    [column.end ? 'end' : '', index === 0 ? 'lead-cell' : ''].join(' ').trim() || undefined
                  }
                  data-label={index === 0 ? undefined : column.title}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface HeadCellProps<Row> {
  column: Column<Row>
  direction: 'ascending' | 'descending' | undefined
  onSort: () => void
}

function HeadCell<Row>({ column: { title, end, sortBy }, direction, onSort }: HeadCellProps<Row>) {
  const className = end ? 'end' : undefined
  if (sortBy === undefined) {
    return (
      <th scope="col" className={className}>
        {title}
      </th>
    )
  }
  const Arrow = direction === 'ascending' ? ArrowUp : ArrowDown
  return (
    <th scope="col" className={className} aria-sort={direction}>
      <button type="button" className="sort" onClick={onSort}>
        {title}
        {direction !== undefined && <Arrow size={13} aria-hidden="true" />}
      </button>
    </th>
  )
}

function directionOf({ descending }: Sorting): 'ascending' | 'descending' {
  return descending ? 'descending' : 'ascending'
}

/** Largest first, then smallest first, then as it came. */
function nextSorting(sorting: Sorting | undefined, column: number): Sorting | undefined {
  if (sorting?.column !== column) return { column, descending: true }
  return sorting.descending ? { column, descending: false } : undefined
}

function sorted<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sorting: Sorting | undefined,
): readonly Row[] {
  const sortBy = sorting && columns[sorting.column]?.sortBy
  if (sorting === undefined || sortBy === undefined) return rows
  const sign = sorting.descending ? -1 : 1
  return rows.toSorted((a, b) => {
    const [left, right] = [sortBy(a), sortBy(b)]
    return left < right ? -sign : left > right ? sign : 0
  })
}
