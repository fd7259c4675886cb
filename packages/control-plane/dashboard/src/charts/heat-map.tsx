import { Link } from '@tanstack/react-router'
import type { StatsItem } from '../api/shapes.ts'
import { count } from '../format/numbers.ts'

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const HOURS = Array.from({ length: 24 }, (_, hour) => hour)

interface Props {
  items: readonly StatsItem[]
  /** Where a cell leads: the search of the same page, narrowed to that hour. */
  searchOf: (weekday: number, hour: number) => Record<string, unknown>
}

/** Calls by hour of the week, in the reader's time zone. A table that happens to be coloured. */
export function HeatMap({ items, searchOf }: Props) {
  const calls = new Map(items.map((item) => [`${item.weekday}/${item.hour}`, item.calls]))
  const most = Math.max(1, ...calls.values())
  return (
    <div className="heat-box">
      <table className="heat">
        <caption className="aside">Calls by weekday and hour, in your time zone</caption>
        <thead>
          <tr>
            <td />
            {HOURS.map((hour) => (
              <th scope="col" key={hour}>
                {hour}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {DAYS.map((day, weekday) => (
            <tr key={day}>
              <th scope="row">{day}</th>
              {HOURS.map((hour) => (
                <td key={hour}>
                  <HeatCell
                    calls={calls.get(`${weekday}/${hour}`) ?? 0}
                    most={most}
                    when={`${day} ${hour}:00`}
                    search={searchOf(weekday, hour)}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface CellProps {
  calls: number
  most: number
  when: string
  search: Record<string, unknown>
}

function HeatCell({ calls, most, when, search }: CellProps) {
  const words = `${when}: ${count(calls)} calls`
  if (calls === 0) return <span className="heat-cell none" title={words} />
  return (
    <Link
      to="."
      search={search}
      resetScroll={false}
      className="heat-cell"
      style={{ '--share': calls / most } as React.CSSProperties}
      title={words}
      aria-label={words}
    />
  )
}
