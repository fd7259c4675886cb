import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { LogRowDetail } from '../../api/shapes.ts'
import { useTokenNames } from '../../figures/use-token-names.ts'
import { bytes } from '../../format/numbers.ts'
import { OutcomeBadge, roleWord } from '../../parts/badge.tsx'
import { Card } from '../../parts/card.tsx'
import { Time } from '../../parts/time.tsx'
import { deedWords } from './deed-words.ts'
import type { AuditSearch } from './search.ts'

const AROUND_MS = 5 * 60_000

/** What a row says, each with the way to more of the same. */
export function RowFacts({ slug, row }: { slug: string; row: LogRowDetail }) {
  const tokenName = useTokenNames(slug)
  const { kind, member, role, client, server, tool, shownAs, method, outcome, reason, tokenId } = row
  return (
    <Card
      title={
        <span className="wrap">
          {kind === 'call' ? (
            <>
              {shownAs ?? tool ?? method} <span className="soft">called by {member}</span>
            </>
          ) : (
            `${member} ${deedWords(row)}`
          )}
        </span>
      }
      actions={<OutcomeBadge outcome={outcome} />}
    >
      <dl className="facts">
        <Fact name="Time">
          <Time at={row.time} as="second" />{' '}
          <Link to="/w/$slug/audit" params={{ slug }} search={around(row.time)} className="small more-link">
            What happened around it
          </Link>
        </Fact>
        {reason !== undefined && <Fact name="Reason">{reason}</Fact>}
        {server !== null && (
          <Fact name="Server">
            {server} <More slug={slug} search={{ server }} figures={kind === 'call'} />
          </Fact>
        )}
        {kind === 'call' && tool !== null && (
          <Fact name="Tool">
            {tool}{' '}
            <More
              slug={slug}
              search={{ ...(server !== null && { server }), tool }}
              figures={server !== null}
            />
          </Fact>
        )}
        <Fact name="Member">
          {member}, {roleWord(role)} <More slug={slug} search={{ member }} figures={kind === 'call'} />
        </Fact>
        <Fact name="Token">
          {tokenName(tokenId)} <More slug={slug} search={{ token: tokenId }} figures={kind === 'call'} />
        </Fact>
        {client !== null && (
          <Fact name="Client">
            {client} <More slug={slug} search={{ client }} figures={kind === 'call'} />
          </Fact>
        )}
        <Fact name={kind === 'call' ? 'Method' : 'Action'}>
          <code>{method}</code>
        </Fact>
        {kind === 'call' && (
          <Fact name="Size">
            {bytes(row.bytesIn)} in, {bytes(row.bytesOut)} out
          </Fact>
        )}
        <Fact name="Request id">
          <code>{row.requestId}</code>
        </Fact>
        <Fact name="Hash of the row">
          <code>{row.hash}</code>
        </Fact>
      </dl>
    </Card>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}

type Same = Pick<AuditSearch, 'server' | 'tool' | 'member' | 'token' | 'client'>

/** More of the same: its rows, and the figures of calls. */
function More({ slug, search, figures }: { slug: string; search: Same; figures: boolean }) {
  return (
    <span className="more-links small">
      <Link to="/w/$slug/audit" params={{ slug }} search={search}>
        Its rows
      </Link>
      {figures && (
        <Link to="/w/$slug/insights" params={{ slug }} search={search}>
          Insights
        </Link>
      )}
    </span>
  )
}

function around(time: string): AuditSearch {
  const at = (ms: number) => new Date(Date.parse(time) + ms).toISOString()
  return { from: at(-AROUND_MS), to: at(AROUND_MS) }
}
