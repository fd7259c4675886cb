import '../../people/people.css'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { UserMinus, UserPlus } from 'lucide-react'
import { useState } from 'react'
import { membersQuery, statsQuery } from '../../api/queries.ts'
import type { Member, StatsItem } from '../../api/shapes.ts'
import { count, percent } from '../../format/numbers.ts'
import { Badge, roleWord } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Page } from '../../parts/page.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { EndMember } from '../../people/end-member.tsx'
import { InviteDialog } from '../../people/invite-dialog.tsx'
import { lastWeek } from '../../people/last-week.ts'
import { useMay } from '../../shell/session.tsx'

/** The people and agents of a workspace, as their tokens tell of them. */
export function MembersPage() {
  const { slug } = useParams({ from: '/inside/w/$slug/members' })
  const [inviting, setInviting] = useState(false)
  const [ending, setEnding] = useState<string>()
  const may = useMay()
  const members = useQuery(membersQuery(slug))
  const calls = useQuery(statsQuery(slug, { ...lastWeek(), by: 'member', limit: 500 })).data?.items
  return (
    <Page
      title="Members"
      lead="Whoever holds a token of this workspace. When somebody leaves, one act ends all they have."
      actions={
        may('token.manage') && (
          <Button look="main" onClick={() => setInviting(true)}>
            <UserPlus size={16} aria-hidden="true" />
            Invite a teammate
          </Button>
        )
      }
    >
      <Card flush>
        <Loaded query={members} height="16rem">
          {({ items }) => (
            <Table
              caption="Members"
              columns={columnsFor(slug, calls, setEnding)}
              rows={items}
              keyOf={({ member }) => member}
              empty={
                <Empty title="No members yet">
                  A member is whoever a token was issued to. Invite somebody, or issue a token.
                </Empty>
              }
            />
          )}
        </Loaded>
      </Card>
      {inviting && <InviteDialog slug={slug} onClose={() => setInviting(false)} />}
      {ending !== undefined && <EndMember slug={slug} member={ending} onClose={() => setEnding(undefined)} />}
    </Page>
  )
}

function columnsFor(
  slug: string,
  calls: readonly StatsItem[] | undefined,
  end: (member: string) => void,
): Column<Member>[] {
  const figuresOf = ({ member }: Member) => calls?.find((item) => item.member === member)
  return [
    {
      title: 'Member',
      cell: ({ member }) => <span className="strong cell">{member}</span>,
      sortBy: ({ member }) => member.toLowerCase(),
    },
    {
      title: 'Roles',
      cell: ({ roles }) => (
        <span className="row roles">
          {roles.map((role) => (
            <Badge key={role}>{roleWord(role)}</Badge>
          ))}
        </span>
      ),
    },
    {
      title: 'Tokens',
      end: true,
      cell: ({ member, tokens }) => (
        <Link to="/w/$slug/tokens" params={{ slug }} search={{ member }}>
          {count(tokens)}
          <span className="aside"> tokens of {member}</span>
        </Link>
      ),
      sortBy: ({ tokens }) => tokens,
    },
    {
      title: 'Sessions',
      end: true,
      cell: ({ member, sessions }) =>
        sessions === 0 ? (
          '0'
        ) : (
          <Link to="/w/$slug/tokens" params={{ slug }} search={{ tab: 'sessions', member }}>
            {count(sessions)}
            <span className="aside"> sessions of {member}</span>
          </Link>
        ),
      sortBy: ({ sessions }) => sessions,
    },
    {
      title: 'Last used',
      cell: ({ lastUsedAt }) =>
        lastUsedAt === null ? <span className="soft">Never</span> : <Time at={lastUsedAt} />,
      sortBy: ({ lastUsedAt }) => lastUsedAt ?? '',
    },
    {
      title: 'Calls, 7 days',
      end: true,
      cell: (member) => (
        <Calls slug={slug} member={member.member} calls={calls && (figuresOf(member)?.calls ?? 0)} />
      ),
      sortBy: (member) => figuresOf(member)?.calls ?? 0,
    },
    {
      title: 'Errors',
      end: true,
      cell: (member) => {
        const figures = figuresOf(member)
        return figures === undefined || figures.calls === 0 ? '–' : percent(figures.errorRate)
      },
      sortBy: (member) => figuresOf(member)?.errorRate ?? 0,
    },
    {
      title: 'Actions',
      end: true,
      cell: ({ member }) => (
        <Button small look="quiet" aria-label={`End access of ${member}`} onClick={() => end(member)}>
          <UserMinus size={15} aria-hidden="true" />
          End access
        </Button>
      ),
    },
  ]
}

function Calls({ slug, member, calls }: { slug: string; member: string; calls: number | undefined }) {
  if (calls === undefined) return '–'
  if (calls === 0) return '0'
  return (
    <Link to="/w/$slug/audit" params={{ slug }} search={{ member, kind: 'call', from: lastWeek().from }}>
      {count(calls)}
      <span className="aside"> calls of {member} in the log</span>
    </Link>
  )
}
