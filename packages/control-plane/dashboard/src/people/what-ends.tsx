import './people.css'
import { useQuery } from '@tanstack/react-query'
import { ownerTokensQuery, statsQuery, tokensQuery } from '../api/queries.ts'
import type { Token } from '../api/shapes.ts'
import { count } from '../format/numbers.ts'
import { Skeleton } from '../parts/skeleton.tsx'
import { LastUse } from './last-use.tsx'
import { lastWeek } from './last-week.ts'
import type { TokenHome } from './token-home.ts'
import { descendantsOf } from './token-state.ts'

/** Whom a token serves, so that nobody ends one without knowing what stands still then. */
export function WhatEnds({ home, token }: { home: TokenHome; token: Token }) {
  const children = useDescendants(home, token)
  return (
    <>
      <dl className="facts">
        <dt>Member</dt>
        <dd>{token.member}</dd>
        <dt>Last used</dt>
        <dd>
          <LastUse token={token} />
        </dd>
        {home !== 'installation' && (
          <>
            <dt>Last 7 days</dt>
            <dd>
              <Calls slug={home.slug} token={token.id} />
            </dd>
          </>
        )}
      </dl>
      {children.length > 0 && <AlsoEnds tokens={children} />}
    </>
  )
}

function useDescendants(home: TokenHome, token: Token): Token[] {
  const owners = home === 'installation'
  const slug = owners ? '' : home.slug
  const tokens = useQuery(owners ? ownerTokensQuery('token') : tokensQuery(slug, 'token'))
  const sessions = useQuery(owners ? ownerTokensQuery('session') : tokensQuery(slug, 'session'))
  return descendantsOf(token, [...(tokens.data?.items ?? []), ...(sessions.data?.items ?? [])])
}

function Calls({ slug, token }: { slug: string; token: string }) {
  const stats = useQuery(statsQuery(slug, { ...lastWeek(), token }))
  if (stats.isError) return 'Not known'
  if (stats.data === undefined) return <Skeleton height="1.2rem" />
  const { calls } = stats.data.total
  if (calls === 0) return 'No calls'
  return calls === 1 ? '1 call' : `${count(calls)} calls`
}

function AlsoEnds({ tokens }: { tokens: readonly Token[] }) {
  return (
    <div className="stack close">
      <p className="strong">What came from it ends too:</p>
      <ul className="bullets">
        {tokens.map(({ id, name, member, kind }) => (
          <li key={id} className="wrap">
            {kind === 'session' ? `a session of ${member} in a browser` : `the token "${name}" of ${member}`}
          </li>
        ))}
      </ul>
    </div>
  )
}
