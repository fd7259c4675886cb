import './overview.css'
import { useParams } from '@tanstack/react-router'
import { ButtonLink } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Page } from '../../parts/page.tsx'
import { useMay, useSession } from '../../shell/session.tsx'
import { DayChart } from './day-chart.tsx'
import { ExpiringTokens } from './expiring-tokens.tsx'
import { FirstDay } from './first-day.tsx'
import { HealthStrip } from './health-strip.tsx'
import { ServerTable } from './server-table.tsx'
import { WeekFigures } from './week-figures.tsx'

export function OverviewPage() {
  const { slug } = useParams({ from: '/inside/w/$slug/' })
  const may = useMay()
  const { member } = useSession()
  const own = !may('audit.read-all')
  if (!may('audit.read-own')) return <ForToolUsers slug={slug} />
  return (
    <Page
      title="Overview"
      {...(own && {
        lead: `Your calls: the figures are of what tokens of ${member} did, and of nobody else.`,
      })}
    >
      <FirstDay slug={slug} />
      {may('server.read') && <HealthStrip slug={slug} />}
      {may('token.manage') && <ExpiringTokens slug={slug} />}
      <WeekFigures slug={slug} />
      <DayChart slug={slug} />
      <ServerTable slug={slug} />
    </Page>
  )
}

/** Whoever may use tools and nothing else. */
function ForToolUsers({ slug }: { slug: string }) {
  return (
    <Page title="Overview">
      <Card>
        <Empty
          title="Your token uses tools"
          action={
            <div className="row">
              <ButtonLink look="main" to="/w/$slug/connect" params={{ slug }}>
                Connect a client
              </ButtonLink>
              <ButtonLink to="/w/$slug/playground" params={{ slug }}>
                Try a tool
              </ButtonLink>
            </div>
          }
        >
          Connect your AI client to this workspace, or try its tools here. Servers and figures are shown to
          developers and admins.
        </Empty>
      </Card>
    </Page>
  )
}
