import '../../people/people.css'
import { CircleCheck, Clock, type LucideIcon, Mail, Undo2 } from 'lucide-react'
import { useState } from 'react'
import { order } from '../../api/request.ts'
import type { Invite } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Badge, roleWord, type Tone } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Empty } from '../../parts/empty.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { useSay } from '../../parts/toasts.tsx'
import { rulesInWords } from '../../people/rules-in-words.ts'

interface Props {
  slug: string
  invites: readonly Invite[]
  onInvite: () => void
}

/** The links that were made, and whether they were opened. The links themselves were shown once. */
export function InviteTable({ slug, invites, onInvite }: Props) {
  const [taking, setTaking] = useState<Invite>()
  return (
    <>
      <Table
        caption="Invites"
        columns={columnsFor(setTaking)}
        rows={invites}
        keyOf={({ id }) => id}
        empty={
          <Empty
            title="No invite"
            action={
              <Button look="main" onClick={onInvite}>
                Invite a teammate
              </Button>
            }
          >
            An invite is a link that gives a token to whoever opens it first, so that no token has to be sent.
          </Empty>
        }
      />
      {taking !== undefined && <TakeBack slug={slug} invite={taking} onClose={() => setTaking(undefined)} />}
    </>
  )
}

const STATE: Record<Invite['state'], { tone: Tone; icon: LucideIcon; word: string }> = {
  open: { tone: 'info', icon: Mail, word: 'Open' },
  used: { tone: 'good', icon: CircleCheck, word: 'Used' },
  expired: { tone: 'quiet', icon: Clock, word: 'Expired' },
}

function StateBadge({ state }: { state: Invite['state'] }) {
  const { word, ...look } = STATE[state]
  return <Badge {...look}>{word}</Badge>
}

function columnsFor(takeBack: (invite: Invite) => void): Column<Invite>[] {
  return [
    { title: 'Member', cell: ({ member }) => <span className="strong cell">{member}</span> },
    {
      title: 'May use',
      cell: ({ role, rules }) => (
        <span>
          <Badge>{roleWord(role)}</Badge>
          <span className="small wrap line">{rulesInWords(rules)}</span>
        </span>
      ),
    },
    { title: 'State', cell: ({ state }) => <StateBadge state={state} /> },
    { title: 'Made', cell: ({ createdAt }) => <Time at={createdAt} />, sortBy: ({ createdAt }) => createdAt },
    {
      title: 'Opened',
      cell: ({ usedAt }) => (usedAt === null ? <span className="soft">Not yet</span> : <Time at={usedAt} />),
    },
    { title: 'Link ends', cell: ({ expiresAt }) => <Time at={expiresAt} /> },
    {
      title: 'Actions',
      end: true,
      cell: (invite) =>
        invite.state === 'open' && (
          <Button
            small
            look="quiet"
            aria-label={`Take back the invite of ${invite.member}`}
            onClick={() => takeBack(invite)}
          >
            <Undo2 size={15} aria-hidden="true" />
            Take back
          </Button>
        ),
    },
  ]
}

function TakeBack({ slug, invite, onClose }: { slug: string; invite: Invite; onClose: () => void }) {
  const refresh = useRefresh()
  const say = useSay()
  async function takeBack() {
    await order('DELETE', ['workspaces', slug, 'invites', invite.id])
    await refresh(slug)
    say.done(`The invite of ${invite.member} is taken back.`)
  }
  return (
    <Confirm
      title={`Take back the invite of ${invite.member}`}
      act="Take it back"
      onConfirm={takeBack}
      onClose={onClose}
    >
      <p>The link stops working. Whoever has it not opened yet gets no token from it.</p>
    </Confirm>
  )
}
