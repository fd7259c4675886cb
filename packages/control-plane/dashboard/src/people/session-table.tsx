import './people.css'
import { LogOut } from 'lucide-react'
import { useState } from 'react'
import type { Token } from '../api/shapes.ts'
import { Badge, roleWord } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { Empty } from '../parts/empty.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import { EndToken } from './end-token.tsx'
import type { TokenHome } from './token-home.ts'
import { isLive } from './token-state.ts'

interface Props {
  home: TokenHome
  sessions: readonly Token[]
  /** The tokens that sessions were opened with. */
  tokens: readonly Token[]
}

/** The browsers that are signed in. */
export function SessionTable({ home, sessions, tokens }: Props) {
  const [ending, setEnding] = useState<Token>()
  const live = sessions.filter((session) => isLive(session))
  return (
    <>
      <Table
        caption="Sessions"
        columns={columnsFor(tokens, setEnding)}
        rows={live}
        keyOf={({ id }) => id}
        empty={
          <Empty title="Nobody is signed in">
            A session begins when somebody signs in here with a token.
          </Empty>
        }
      />
      {ending !== undefined && <EndToken home={home} token={ending} onClose={() => setEnding(undefined)} />}
    </>
  )
}

function columnsFor(tokens: readonly Token[], end: (session: Token) => void): Column<Token>[] {
  const nameOf = (id: string | undefined) => tokens.find((token) => token.id === id)?.name
  return [
    { title: 'Member', cell: ({ member }) => <span className="strong cell">{member}</span> },
    { title: 'Role', cell: ({ role }) => <Badge>{roleWord(role)}</Badge> },
    {
      title: 'Opened with',
      cell: ({ parentId }) => <span className="cell">{nameOf(parentId) ?? 'A token'}</span>,
    },
    {
      title: 'Since',
      cell: ({ createdAt }) => <Time at={createdAt} />,
      sortBy: ({ createdAt }) => createdAt,
    },
    {
      title: 'Last used',
      cell: ({ lastUsedAt }) =>
        lastUsedAt === null ? <span className="soft">Never</span> : <Time at={lastUsedAt} />,
      sortBy: ({ lastUsedAt }) => lastUsedAt ?? '',
    },
    { title: 'Ends', cell: ({ expiresAt }) => (expiresAt === null ? 'Never' : <Time at={expiresAt} />) },
    {
      title: 'Actions',
      end: true,
      cell: (session) => (
        <Button
          small
          look="quiet"
          aria-label={`End the session of ${session.member}`}
          onClick={() => end(session)}
        >
          <LogOut size={15} aria-hidden="true" />
          End
        </Button>
      ),
    },
  ]
}
