import { useState } from 'react'
import type { IssuedToken } from '../../api/shapes.ts'
import { DialogForm } from '../../parts/dialog-form.tsx'
import { Choices, TextField } from '../../parts/fields.tsx'
import { type Lifetime, lifetimeMistake, lifetimeSeconds } from '../../people/lifetime.ts'
import { LifetimeField } from '../../people/lifetime-field.tsx'
import { MemberField } from '../../people/member-field.tsx'
import { ROLE_CHOICES, type WorkspaceRole } from '../../people/role-words.ts'
import { TokenDialog, useIssuing } from '../../people/token-dialog.tsx'
import { tokensPath } from '../../people/token-home.ts'
import { NO_RULES, rulesOf } from './rules-draft.ts'
import { RulesFields } from './rules-fields.tsx'

interface Props {
  home: { slug: string }
  member: string | undefined
  onClose: () => void
}

/** Issues a token of a workspace, and shows it once. */
export function IssueDialog(props: Props) {
  return (
    <TokenDialog
      home={props.home}
      title="Issue a token"
      shownTitle={({ name, member }) => `Token "${name}" of ${member}`}
      wide
      onClose={props.onClose}
      form={(onIssued) => <IssueForm {...props} onIssued={onIssued} />}
    />
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
  const issuing = useIssuing(home, tokensPath(home), onIssued)
  function issue() {
    if (lifetimeMistake(lifetime, Date.now()) !== undefined) return
    issuing.mutate({
      name: name.trim(),
      member: member.trim(),
      role,
      rules: rulesOf(draft),
      expiresIn: lifetimeSeconds(lifetime, Date.now()),
    })
  }
  return (
    <DialogForm action="Issue the token" sending={issuing} onSubmit={issue} onCancel={onClose}>
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
    </DialogForm>
  )
}
