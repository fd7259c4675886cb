import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { serversQuery } from '../../api/queries.ts'
import { SERVER_STATUSES, type Server } from '../../api/shapes.ts'
import { StatusBadge } from '../../parts/badge.tsx'
import { ButtonLink } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { useMay } from '../../shell/session.tsx'
import { needsAttention } from '../../shell/sidebar.tsx'
import { TroubledServer } from './troubled-server.tsx'

const ASK_AGAIN_MS = 15_000

/** How many servers are how, and what ails those that are not well. */
export function HealthStrip({ slug }: { slug: string }) {
  const servers = useQuery({ ...serversQuery(slug), refetchInterval: ASK_AGAIN_MS })
  return (
    <Card
      title="Servers"
      actions={
        <Link to="/w/$slug/servers" params={{ slug }} className="small">
          All servers
        </Link>
      }
    >
      <Loaded query={servers} height="4rem">
        {({ items }) =>
          items.length === 0 ? <NoServers slug={slug} /> : <Health slug={slug} servers={items} />
        }
      </Loaded>
    </Card>
  )
}

function Health({ slug, servers }: { slug: string; servers: readonly Server[] }) {
  const troubled = servers.filter(needsAttention)
  return (
    <>
      <ul className="plain row">
        {SERVER_STATUSES.map((status) => ({
          status,
          n: servers.filter((one) => one.status === status).length,
        }))
          .filter(({ n }) => n > 0)
          .map(({ status, n }) => (
            <li key={status} className="row health-count">
              <strong className="number">{n}</strong>
              <StatusBadge status={status} />
            </li>
          ))}
      </ul>
      {troubled.length > 0 && (
        <ul className="plain troubled">
          {troubled.map((server) => (
            <TroubledServer key={server.name} slug={slug} server={server} />
          ))}
        </ul>
      )}
    </>
  )
}

function NoServers({ slug }: { slug: string }) {
  const may = useMay()
  return (
    <Empty
      title="No servers yet"
      {...(may('server.write') && {
        action: (
          <ButtonLink look="main" to="/w/$slug/servers" params={{ slug }}>
            Add the first server
          </ButtonLink>
        ),
      })}
    >
      A server brings the tools that clients of this workspace can use.
    </Empty>
  )
}
