import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { everyMembersQuery, ownerTokensQuery } from '../../api/queries.ts'
import type { IssuedToken } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { DialogForm } from '../../parts/dialog-form.tsx'
import { Empty } from '../../parts/empty.tsx'
import { TextField } from '../../parts/fields.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Notice } from '../../parts/notice.tsx'
import { type Lifetime, lifetimeMistake, lifetimeSeconds } from '../../people/lifetime.ts'
import { LifetimeField } from '../../people/lifetime-field.tsx'
import { ROLE_MAY } from '../../people/role-words.ts'
import { SessionTable } from '../../people/session-table.tsx'
import { TokenDialog, useIssuing } from '../../people/token-dialog.tsx'
import { tokensPath } from '../../people/token-home.ts'
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
  return (
    <TokenDialog
      home={HOME}
      title="Issue an owner token"
      shownTitle={({ name }) => `Owner token "${name}"`}
      onClose={onClose}
      form={(onIssued) => <OwnerTokenForm onIssued={onIssued} onClose={onClose} />}
    />
  )
}

interface FormProps {
  onIssued: (issued: IssuedToken) => void
  onClose: () => void
}

function OwnerTokenForm({ onIssued, onClose }: FormProps) {
  const [name, setName] = useState('')
  const [member, setMember] = useState('')
  const [lifetime, setLifetime] = useState<Lifetime>({ choice: '90', date: '' })
  const members = useQuery(everyMembersQuery).data?.items ?? []
  const issuing = useIssuing(HOME, tokensPath(HOME), onIssued)
  function issue() {
    if (lifetimeMistake(lifetime, Date.now()) !== undefined) return
    issuing.mutate({
      name: name.trim(),
      member: member.trim(),
      expiresIn: lifetimeSeconds(lifetime, Date.now()),
    })
  }
  return (
    <DialogForm action="Issue the token" sending={issuing} onSubmit={issue} onCancel={onClose}>
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
    </DialogForm>
  )
}
