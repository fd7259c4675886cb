import '../../people/people.css'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { UserMinus } from 'lucide-react'
import { useState } from 'react'
import { everyMembersQuery } from '../../api/queries.ts'
import type { EveryMember } from '../../api/shapes.ts'
import { Badge, roleWord } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { TextField } from '../../parts/fields.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Page } from '../../parts/page.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { EndMemberEverywhere } from '../../people/end-member.tsx'

/** Everybody, across workspaces: where somebody who leaves is found. */
export function EveryMemberPage() {
  const [looking, setLooking] = useState('')
  const [ending, setEnding] = useState<EveryMember>()
  const members = useQuery(everyMembersQuery)
  return (
    <Page
      title="All members"
      lead="Everybody with a token in any workspace. When somebody leaves, one act ends all they have, everywhere."
    >
      <div className="filters">
        <TextField
          label="Find a member"
          type="search"
          value={looking}
          onChange={setLooking}
          autoComplete="off"
          spellCheck={false}
        />
      </div>
      <Card flush>
        <Loaded query={members} height="16rem">
          {({ items }) => (
            <Table
              caption="Members of all workspaces"
              columns={columnsFor(setEnding)}
              rows={items.filter(({ member }) => member.toLowerCase().includes(looking.trim().toLowerCase()))}
              keyOf={({ member }) => member}
              empty={
                <Empty title={looking === '' ? 'No members yet' : 'Nobody of that name'}>
                  {looking === ''
                    ? 'A member is whoever a token was issued to.'
                    : 'Nobody whose name holds that has a live token.'}
                </Empty>
              }
            />
          )}
        </Loaded>
      </Card>
      {ending !== undefined && (
        <EndMemberEverywhere
          member={ending.member}
          workspaces={ending.workspaces}
          ownerTokens={ending.ownerTokens ?? 0}
          onClose={() => setEnding(undefined)}
        />
      )}
    </Page>
  )
}

function columnsFor(end: (member: EveryMember) => void): Column<EveryMember>[] {
  return [
    {
      title: 'Member',
      cell: ({ member }) => <span className="strong cell">{member}</span>,
      sortBy: ({ member }) => member.toLowerCase(),
    },
    { title: 'Workspaces', cell: (member) => <Workspaces of={member} /> },
    {
      title: 'Last used',
      cell: ({ lastUsedAt }) =>
        lastUsedAt === null ? <span className="soft">Never</span> : <Time at={lastUsedAt} />,
      sortBy: ({ lastUsedAt }) => lastUsedAt ?? '',
    },
    {
      title: 'Actions',
      end: true,
      cell: (member) => (
        <Button small look="quiet" aria-label={`End access of ${member.member}`} onClick={() => end(member)}>
          <UserMinus size={15} aria-hidden="true" />
          End access
        </Button>
      ),
    },
  ]
}

function Workspaces({ of: { member, workspaces, ownerTokens = 0 } }: { of: EveryMember }) {
  return (
    <ul className="plain stack close">
      {ownerTokens > 0 && (
        <li className="row">
          <Badge tone="info">{roleWord('owner')}</Badge>
          <Link to="/system">{ownerTokens === 1 ? '1 owner token' : `${ownerTokens} owner tokens`}</Link>
        </li>
      )}
      {workspaces.map(({ slug, roles, tokens }) => (
        <li key={slug} className="row">
          <Link to="/w/$slug/tokens" params={{ slug }} search={{ member }} className="wrap">
            {slug}
          </Link>
          {roles.map((role) => (
            <Badge key={role}>{roleWord(role)}</Badge>
          ))}
          <span className="soft small">{tokens === 1 ? '1 token' : `${tokens} tokens`}</span>
        </li>
      ))}
    </ul>
  )
}
