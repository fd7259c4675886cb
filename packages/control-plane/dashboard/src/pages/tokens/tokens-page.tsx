import { useQuery } from '@tanstack/react-query'
import { Link, useParams, useSearch } from '@tanstack/react-router'
import { Plus, UserPlus, X } from 'lucide-react'
import { useState } from 'react'
import { invitesQuery, tokensQuery } from '../../api/queries.ts'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Page } from '../../parts/page.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { InviteDialog } from '../../people/invite-dialog.tsx'
import { SessionTable } from '../../people/session-table.tsx'
import { isLive } from '../../people/token-state.ts'
import { TokenTable } from '../../people/token-table.tsx'
import { useMay } from '../../shell/session.tsx'
import { InviteTable } from './invite-table.tsx'
import { IssueDialog } from './issue-dialog.tsx'

type Making = 'token' | 'invite'

export function TokensPage() {
  const { slug } = useParams({ from: '/inside/w/$slug/tokens' })
  const { tab = 'tokens', member } = useSearch({ from: '/inside/w/$slug/tokens' })
  const [making, setMaking] = useState<Making>()
  const close = () => setMaking(undefined)
  const may = useMay()
  return (
    <Page
      title="Tokens"
      lead="Who may use this workspace, with what, and until when."
      actions={
        may('token.manage') && (
          <>
            <Button onClick={() => setMaking('invite')}>
              <UserPlus size={16} aria-hidden="true" />
              Invite a teammate
            </Button>
            <Button look="main" onClick={() => setMaking('token')}>
              <Plus size={16} aria-hidden="true" />
              Issue a token
            </Button>
          </>
        )
      }
    >
      <TokenTabs slug={slug} current={tab} />
      {member !== undefined && <OnlyMember member={member} />}
      <Card flush>
        {tab === 'tokens' && <Tokens slug={slug} member={member} onIssue={() => setMaking('token')} />}
        {tab === 'sessions' && <Sessions slug={slug} member={member} />}
        {tab === 'invites' && <Invites slug={slug} member={member} onInvite={() => setMaking('invite')} />}
      </Card>
      {making === 'token' && <IssueDialog home={{ slug }} member={member} onClose={close} />}
      {making === 'invite' && (
        <InviteDialog slug={slug} {...(member !== undefined && { member })} onClose={close} />
      )}
    </Page>
  )
}

function TokenTabs({ slug, current }: { slug: string; current: 'tokens' | 'sessions' | 'invites' }) {
  const tokens = useQuery(tokensQuery(slug)).data?.items ?? []
  const sessions = useQuery(tokensQuery(slug, 'session')).data?.items ?? []
  const invites = useQuery(invitesQuery(slug)).data?.items ?? []
  return (
    <Tabs
      label="Kinds of access"
      current={current}
      tabs={[
        { value: 'tokens', label: 'Tokens', count: tokens.filter((token) => isLive(token)).length },
        { value: 'sessions', label: 'Sessions', count: sessions.filter((session) => isLive(session)).length },
        { value: 'invites', label: 'Invites', count: invites.filter(({ state }) => state === 'open').length },
      ]}
    />
  )
}

function OnlyMember({ member }: { member: string }) {
  return (
    <p className="row">
      <span className="wrap">
        Only those of <strong>{member}</strong>
      </span>
      <Link
        to="."
        search={({ member: _, ...rest }: Record<string, unknown>) => rest}
        className="button small quiet"
      >
        <X size={15} aria-hidden="true" />
        Show all
      </Link>
    </p>
  )
}

interface TabProps {
  slug: string
  member: string | undefined
}

function of<T extends { member: string }>(member: string | undefined, items: readonly T[]): readonly T[] {
  return member === undefined ? items : items.filter((item) => item.member === member)
}

function Tokens({ slug, member, onIssue }: TabProps & { onIssue: () => void }) {
  const empty = (
    <Empty
      title="No token yet"
      action={
        <Button look="main" onClick={onIssue}>
          Issue a token
        </Button>
      }
    >
      A token opens this workspace for one person or agent. Nobody can use it without one.
    </Empty>
  )
  return (
    <Loaded query={useQuery(tokensQuery(slug))} height="16rem">
      {({ items }) => <TokenTable home={{ slug }} tokens={of(member, items)} empty={empty} />}
    </Loaded>
  )
}

function Sessions({ slug, member }: TabProps) {
  const tokens = useQuery(tokensQuery(slug)).data?.items ?? []
  return (
    <Loaded query={useQuery(tokensQuery(slug, 'session'))} height="16rem">
      {({ items }) => <SessionTable home={{ slug }} sessions={of(member, items)} tokens={tokens} />}
    </Loaded>
  )
}

function Invites({ slug, member, onInvite }: TabProps & { onInvite: () => void }) {
  return (
    <Loaded query={useQuery(invitesQuery(slug))} height="16rem">
      {({ items }) => <InviteTable slug={slug} invites={of(member, items)} onInvite={onInvite} />}
    </Loaded>
  )
}
