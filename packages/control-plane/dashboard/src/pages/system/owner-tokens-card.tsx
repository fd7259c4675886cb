import { useMutation, useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { everyMembersQuery, ownerTokensQuery } from '../../api/queries.ts'
import { tell } from '../../api/request.ts'
import { type IssuedToken, issuedTokenShape } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Empty } from '../../parts/empty.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { TextField } from '../../parts/fields.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Notice } from '../../parts/notice.tsx'
import { type Lifetime, lifetimeMistake, lifetimeSeconds } from '../../people/lifetime.ts'
import { LifetimeField } from '../../people/lifetime-field.tsx'
import { ROLE_MAY } from '../../people/role-words.ts'
import { SessionTable } from '../../people/session-table.tsx'
import { ShownToken } from '../../people/shown-token.tsx'
import { tokensPath, useTokenRefresh } from '../../people/token-home.ts'
import { TokenTable } from '../../people/token-table.tsx'

const HOME = 'installation'

/** The tokens that may do everything, and the browsers that are signed in with one. */
export function OwnerTokensCard() {
  const [issuing, setIssuing] = useState(false)
  const tokens = useQuery(ownerTokensQuery('token'))
  const sessions = useQuery(ownerTokensQuery('session'))
  return (
    <>
      <Card
        title="Owner tokens"
        flush
        actions={
          <Button small onClick={() => setIssuing(true)}>
            <Plus size={15} aria-hidden="true" />
            Issue an owner token
          </Button>
        }
      >
        <Loaded query={tokens} height="10rem">
          {({ items }) => (
            <TokenTable home={HOME} tokens={items} empty={<Empty title="No owner token">Make one.</Empty>} />
          )}
        </Loaded>
      </Card>
      <Card title="Sessions of owners" flush>
        <Loaded query={sessions} height="8rem">
          {({ items }) => <SessionTable home={HOME} sessions={items} tokens={tokens.data?.items ?? []} />}
        </Loaded>
      </Card>
      {issuing && <IssueOwnerToken onClose={() => setIssuing(false)} />}
    </>
  )
}

function IssueOwnerToken({ onClose }: { onClose: () => void }) {
  const [issued, setIssued] = useState<IssuedToken>()
  return (
    <Dialog
      title={issued === undefined ? 'Issue an owner token' : `Owner token "${issued.name}"`}
      onClose={onClose}
    >
      {issued === undefined ? (
        <OwnerTokenForm onIssued={setIssued} onClose={onClose} />
      ) : (
        <ShownToken home={HOME} issued={issued} onClose={onClose} />
      )}
    </Dialog>
  )
}

function OwnerTokenForm({
  onIssued,
  onClose,
}: {
  onIssued: (issued: IssuedToken) => void
  onClose: () => void
}) {
  const [name, setName] = useState('')
  const [member, setMember] = useState('')
  const [lifetime, setLifetime] = useState<Lifetime>({ choice: '90', date: '' })
  const members = useQuery(everyMembersQuery).data?.items ?? []
  const refresh = useTokenRefresh(HOME)
  const issue = useMutation({
    mutationFn: () =>
      tell('POST', issuedTokenShape, tokensPath(HOME), {
        name: name.trim(),
        member: member.trim(),
        expiresIn: lifetimeSeconds(lifetime, Date.now()),
      }),
    async onSuccess(token) {
      onIssued(token)
      await refresh()
    },
  })
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        if (lifetimeMistake(lifetime, Date.now()) === undefined) issue.mutate()
      }}
    >
      <Notice tone="warn" title="An owner may do everything">
        {ROLE_MAY.owner}
      </Notice>
      <TextField
        label="Member"
        hint="The person it is for, as the log shall call them."
        list="owner-members"
        value={member}
        onChange={setMember}
        maxLength={200}
        autoComplete="off"
        autoFocus
        required
      />
      <datalist id="owner-members">
        {members.map((one) => (
          <option key={one.member} value={one.member} />
        ))}
      </datalist>
      <TextField
        label="Name of the token"
        hint="Where it is used, to know it by."
        value={name}
        onChange={setName}
        maxLength={100}
        autoComplete="off"
        required
      />
      <LifetimeField
        label="Ends after"
        value={lifetime}
        onChange={setLifetime}
        warning="It works until somebody revokes it, also after it was lost. Keep it where nobody looks by chance."
      />
      {issue.isError && <ErrorNotice error={issue.error} />}
      <div className="dialog-foot">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="main" busy={issue.isPending}>
          Issue the token
        </Button>
      </div>
    </form>
  )
}
