import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { tell } from '../../api/request.ts'
import { type IssuedToken, issuedTokenShape } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Choices, TextField } from '../../parts/fields.tsx'
import { type Lifetime, lifetimeMistake, lifetimeSeconds } from '../../people/lifetime.ts'
import { LifetimeField } from '../../people/lifetime-field.tsx'
import { MemberField } from '../../people/member-field.tsx'
import { ROLE_CHOICES, type WorkspaceRole } from '../../people/role-words.ts'
import { ShownToken } from '../../people/shown-token.tsx'
import { tokensPath, useTokenRefresh } from '../../people/token-home.ts'
import { NO_RULES, rulesOf } from './rules-draft.ts'
import { RulesFields } from './rules-fields.tsx'

interface Props {
  home: { slug: string }
  member: string | undefined
  onClose: () => void
}

/** Issues a token of a workspace, and shows it once. */
export function IssueDialog({ home, member, onClose }: Props) {
  const [issued, setIssued] = useState<IssuedToken>()
  return (
    <Dialog
      title={issued === undefined ? 'Issue a token' : `Token "${issued.name}" of ${issued.member}`}
      wide={issued === undefined}
      onClose={onClose}
    >
      {issued === undefined ? (
        <IssueForm home={home} member={member} onIssued={setIssued} onClose={onClose} />
      ) : (
        <ShownToken home={home} issued={issued} onClose={onClose} />
      )}
    </Dialog>
  )
}

interface FormProps extends Props {
  onIssued: (issued: IssuedToken) => void
}

function IssueForm({ home, member: firstMember = '', onIssued, onClose }: FormProps) {
  const [name, setName] = useState('')
  const [member, setMember] = useState(firstMember)
  const [role, setRole] = useState<WorkspaceRole>('developer')
  const [lifetime, setLifetime] = useState<Lifetime>({ choice: '30', date: '' })
  const [draft, setDraft] = useState(NO_RULES)
  const refresh = useTokenRefresh(home)
  const issue = useMutation({
    mutationFn: () =>
      tell('POST', issuedTokenShape, tokensPath(home), {
        name: name.trim(),
        member: member.trim(),
        role,
        rules: rulesOf(draft),
        expiresIn: lifetimeSeconds(lifetime, Date.now()),
      }),
    async onSuccess(issued) {
      onIssued(issued)
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
      <div className="columns">
        <MemberField slug={home.slug} value={member} onChange={setMember} autoFocus={firstMember === ''} />
        <TextField
          label="Name of the token"
          hint="Where it is used, to know it by: laptop, CI, nightly report."
          value={name}
          onChange={setName}
          maxLength={100}
          autoComplete="off"
          required
        />
      </div>
      <Choices legend="Role" value={role} onChange={setRole} options={ROLE_CHOICES} />
      <LifetimeField
        label="Ends after"
        value={lifetime}
        onChange={setLifetime}
        warning="A token that never ends works until somebody revokes it, also after it was lost."
      />
      <details className="disclosure">
        <summary>Limit the servers and tools it may use</summary>
        <RulesFields slug={home.slug} draft={draft} onChange={setDraft} />
      </details>
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
