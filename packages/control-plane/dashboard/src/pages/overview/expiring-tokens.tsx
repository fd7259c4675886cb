import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { tokensQuery } from '../../api/queries.ts'
import type { Token } from '../../api/shapes.ts'
import { WEEK_MS } from '../../figures/spans.ts'
import { Card } from '../../parts/card.tsx'
import { Time } from '../../parts/time.tsx'

/** Tokens that end within a week, soonest first. Nothing where there are none. */
export function ExpiringTokens({ slug }: { slug: string }) {
  const tokens = useQuery(tokensQuery(slug)).data?.items ?? []
  const expiring = tokens.filter(expiresSoon).toSorted((a, b) => endOf(a) - endOf(b))
  if (expiring.length === 0) return null
  return (
    <Card
      title="Tokens that expire within 7 days"
      actions={
        <Link to="/w/$slug/tokens" params={{ slug }} className="small">
          All tokens
        </Link>
      }
    >
      <ul className="plain stack close">
        {expiring.map(({ id, name, member, expiresAt }) => (
          <li key={id} className="row apart">
            <span className="wrap">
              <span className="strong">{name}</span> <span className="soft">of {member}</span>
            </span>
            {expiresAt !== null && <Time at={expiresAt} />}
          </li>
        ))}
      </ul>
    </Card>
  )
}

function endOf({ expiresAt }: Token): number {
  return Date.parse(expiresAt ?? '')
}

function expiresSoon(token: Token): boolean {
  const left = endOf(token) - Date.now()
  return token.revokedAt === null && left > 0 && left <= WEEK_MS
}
