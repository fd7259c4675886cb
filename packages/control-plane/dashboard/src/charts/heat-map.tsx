import type { StatsItem } from '../api/shapes.ts'
import { count } from '../format/numbers.ts'
import { ChoiceLink } from '../parts/choice-link.tsx'

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const HOURS = Array.from({ length: 24 }, (_, hour) => hour)

interface Props {
  items: readonly StatsItem[]
  /** Where a cell leads: the search of the same page, narrowed to that hour. */
  searchOf: (weekday: number, hour: number) => Record<string, unknown>
  /** The same for an hour of every day; absent: the hours lead nowhere. */
  hourSearchOf?: (hour: number) => Record<string, unknown>
  /** What is chosen, so that it can be seen. */
  chosen?: { weekday: number | undefined; hour: number } | undefined
}

/** Calls by hour of the week, in the reader's time zone. A table that happens to be coloured. */
export function HeatMap({ items, searchOf, hourSearchOf, chosen }: Props) {
  const isChosen = (weekday: number, hour: number) =>
    chosen?.hour === hour && (chosen.weekday === undefined || chosen.weekday === weekday)
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
                {hourSearchOf === undefined ? (
                  hour
                ) : (
                  <ChoiceLink
                    to="."
                    search={hourSearchOf(hour)}
                    resetScroll={false}
                    className="heat-hour"
                    aria-label={`${hour}:00 of every day`}
                  >
                    {hour}
                  </ChoiceLink>
                )}
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
                    chosen={isChosen(weekday, hour)}
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
  chosen: boolean
}

function HeatCell({ calls, most, when, search, chosen }: CellProps) {
  const words = `${when}: ${count(calls)} calls`
  if (calls === 0) {
    return <span className={chosen ? 'heat-cell none chosen' : 'heat-cell none'} title={words} />
  }
  return (
    <ChoiceLink
      to="."
      search={search}
      resetScroll={false}
      className={chosen ? 'heat-cell chosen' : 'heat-cell'}
      current={chosen}
      style={{ '--share': calls / most } as React.CSSProperties}
      title={words}
      aria-label={words}
    />
  )
}
