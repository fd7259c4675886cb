import './people.css'
import { RefreshCw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { Token } from '../api/shapes.ts'
import { localDay } from '../format/times.ts'
import { Badge, roleWord } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { Empty } from '../parts/empty.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import { EndToken } from './end-token.tsx'
import { LastUse } from './last-use.tsx'
import { RotateToken } from './rotate-token.tsx'
import { rulesInWords } from './rules-in-words.ts'
import { TokenStateBadge } from './state-badge.tsx'
import type { TokenHome } from './token-home.ts'
import { isLive, tokenState } from './token-state.ts'

interface Props {
  home: TokenHome
  tokens: readonly Token[]
  /** What to do where there is none. */
  empty: React.ReactNode
}

type Act = { act: 'rotate' | 'end'; token: Token }

/** The live tokens, with those that have ended behind a button, and what can be done to each. */
export function TokenTable({ home, tokens, empty }: Props) {
  const [act, setAct] = useState<Act>()
  const [all, setAll] = useState(false)
  const live = tokens.filter((token) => isLive(token))
  const ended = tokens.length - live.length
  const close = () => setAct(undefined)
  return (
    <>
      <Table
        caption="Tokens"
        columns={columnsFor(home, setAct)}
        rows={all ? tokens : live}
        keyOf={({ id }) => id}
        empty={ended > 0 && !all ? <Empty title="No live token">Those there were have ended.</Empty> : empty}
      />
      {ended > 0 && (
        <div className="table-foot">
          <Button look="quiet" small onClick={() => setAll(!all)}>
            {all ? 'Hide those that have ended' : `Show ${ended} that ${ended === 1 ? 'has' : 'have'} ended`}
          </Button>
        </div>
      )}
      {act?.act === 'rotate' && <RotateToken home={home} token={act.token} onClose={close} />}
      {act?.act === 'end' && <EndToken home={home} token={act.token} onClose={close} />}
    </>
  )
}

function columnsFor(home: TokenHome, act: (act: Act) => void): Column<Token>[] {
  const mayUse: Column<Token> = { title: 'May use', cell: (token) => <MayUse token={token} /> }
  return [
    {
      title: 'Name',
      cell: (token) => (
        <span>
          <span className="strong cell">{token.name}</span>
          <span className="soft small line short">made {localDay(token.createdAt)}</span>
        </span>
      ),
      sortBy: ({ name }) => name.toLowerCase(),
    },
    {
      title: 'Member',
      cell: ({ member }) => <span className="cell">{member}</span>,
      sortBy: ({ member }) => member.toLowerCase(),
    },
    ...(home === 'installation' ? [] : [mayUse]),
    {
      title: 'Last used',
      cell: (token) => <LastUse token={token} />,
      sortBy: ({ lastUsedAt }) => lastUsedAt ?? '',
    },
    { title: 'State', cell: (token) => <State token={token} />, sortBy: ({ expiresAt }) => expiresAt ?? '9' },
    { title: 'Actions', end: true, cell: (token) => <Actions token={token} act={act} /> },
  ]
}

function MayUse({ token: { role, rules } }: { token: Token }) {
  const words = rulesInWords(rules)
  return (
    <span>
      <Badge>{roleWord(role)}</Badge>
      {words !== undefined && <span className="small wrap line">{words}</span>}
    </span>
  )
}

function State({ token }: { token: Token }) {
  const { expiresAt, revokedAt } = token
  const state = tokenState(token, Date.now())
  return (
    <span>
      <TokenStateBadge state={state} />
      <span className="soft small line short">
        {revokedAt !== null && <Time at={revokedAt} />}
        {revokedAt === null && expiresAt === null && 'never ends'}
        {revokedAt === null && expiresAt !== null && (
          <>
            {state === 'expired' ? 'ended' : 'ends'} <Time at={expiresAt} />
          </>
        )}
      </span>
    </span>
  )
}

function Actions({ token, act }: { token: Token; act: (act: Act) => void }) {
  if (token.revokedAt !== null) return null
  const of = `"${token.name}" of ${token.member}`
  return (
    <span className="row actions">
      <Button small look="quiet" aria-label={`Rotate ${of}`} onClick={() => act({ act: 'rotate', token })}>
        <RefreshCw size={15} aria-hidden="true" />
        Rotate
      </Button>
      <Button small look="quiet" aria-label={`Revoke ${of}`} onClick={() => act({ act: 'end', token })}>
        <Trash2 size={15} aria-hidden="true" />
        Revoke
      </Button>
    </span>
  )
}
