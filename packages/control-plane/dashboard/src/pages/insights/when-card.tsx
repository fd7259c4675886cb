import { useQuery } from '@tanstack/react-query'
import { statsQuery } from '../../api/queries.ts'
import { HeatMap } from '../../charts/heat-map.tsx'
import { utcOffset } from '../../format/times.ts'
import { Card } from '../../parts/card.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { useInsights } from './use-insights.ts'
import { WhoCalls } from './who-calls.tsx'

/** When calls come, and who makes them then. */
export function WhenCard() {
  const { slug, query, search } = useInsights()
  const { hour, weekday } = search
  const stats = useQuery(statsQuery(slug, query({ bucket: 'weekhour', utcOffset: utcOffset() })))
  return (
    <Card title="When calls come, and from whom">
      <Loaded query={stats} height="16rem">
        {({ items }) => (
          <HeatMap
            items={items}
            searchOf={(day, at) => ({ ...search, weekday: day, hour: at })}
            hourSearchOf={(at) => ({ ...search, weekday: undefined, hour: at })}
            chosen={hour === undefined ? undefined : { weekday, hour }}
          />
        )}
      </Loaded>
      <WhoCalls />
    </Card>
  )
}
