import './insights.css'
import { Page } from '../../parts/page.tsx'
import { useMay, useSession } from '../../shell/session.tsx'
import { ClientCard } from './client-card.tsx'
import { ErrorCard } from './error-card.tsx'
import { FilterBar } from './filter-bar.tsx'
import { LatencyCard } from './latency-card.tsx'
import { PairsCard } from './pairs-card.tsx'
import { ToolTables } from './tool-tables.tsx'
import { WhenCard } from './when-card.tsx'

export function InsightsPage() {
  const may = useMay()
  const { member } = useSession()
  return (
    <Page
      title="Insights"
      {...(!may('audit.read-all') && {
        lead: `Your calls: the figures are of what tokens of ${member} did, and of nobody else.`,
      })}
    >
      <FilterBar />
      <LatencyCard />
      <WhenCard />
      <ErrorCard />
      <ToolTables />
      <PairsCard />
      <ClientCard />
    </Page>
  )
}
