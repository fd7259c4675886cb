import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { tell } from '../api/request.ts'
import { type IssuedInvite, issuedInviteShape } from '../api/shapes.ts'
import { useRefresh } from '../api/use-refresh.ts'
import { Button } from '../parts/button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { DialogForm } from '../parts/dialog-form.tsx'
import { Choices, SelectField } from '../parts/fields.tsx'
import { Notice } from '../parts/notice.tsx'
import { CopyButton, Snippet } from '../parts/snippet.tsx'
import { Time } from '../parts/time.tsx'
import { type Lifetime, lifetimeMistake, lifetimeSeconds } from './lifetime.ts'
import { LifetimeField } from './lifetime-field.tsx'
import { MemberField } from './member-field.tsx'
import { ROLE_CHOICES, type WorkspaceRole } from './role-words.ts'
import { workspaceUrl } from './workspace-url.ts'

interface Props {
  slug: string
  member?: string
  onClose: () => void
}

/** Makes a link that gives one token to whoever opens it first, and shows what to send along with it. */
export function InviteDialog({ slug, member, onClose }: Props) {
  const [made, setMade] = useState<IssuedInvite>()
  return (
    <Dialog title={made === undefined ? 'Invite a teammate' : `Invite for ${made.member}`} onClose={onClose}>
      {made === undefined ? (
        <InviteForm slug={slug} member={member ?? ''} onMade={setMade} onClose={onClose} />
      ) : (
        <MadeInvite slug={slug} invite={made} onClose={onClose} />
      )}
    </Dialog>
  )
}

const LINK_LIFETIMES = [
  { value: '3600', label: '1 hour' },
  { value: '86400', label: '1 day' },
  { value: '604800', label: '7 days' },
  { value: '2592000', label: '30 days' },
] as const

interface FormProps {
  slug: string
  member: string
  onMade: (invite: IssuedInvite) => void
  onClose: () => void
}

function InviteForm({ slug, member: firstMember, onMade, onClose }: FormProps) {
  const [member, setMember] = useState(firstMember)
  const [role, setRole] = useState<WorkspaceRole>('developer')
  const [linkLives, setLinkLives] = useState<(typeof LINK_LIFETIMES)[number]['value']>('86400')
  const [tokenLives, setTokenLives] = useState<Lifetime>({ choice: '90', date: '' })
  const refresh = useRefresh()
  const invite = useMutation({
    mutationFn: () =>
      tell('POST', issuedInviteShape, ['workspaces', slug, 'invites'], {
        member: member.trim(),
        role,
        expiresIn: Number(linkLives),
        tokenExpiresIn: lifetimeSeconds(tokenLives, Date.now()),
      }),
    async onSuccess(made) {
      onMade(made)
      await refresh(slug)
    },
  })
  function make() {
    if (lifetimeMistake(tokenLives, Date.now()) === undefined) invite.mutate()
  }
  return (
    <DialogForm action="Make the link" sending={invite} onSubmit={make} onCancel={onClose}>
      <MemberField slug={slug} value={member} onChange={setMember} autoFocus={firstMember === ''} />
      <Choices legend="Role" value={role} onChange={setRole} options={ROLE_CHOICES} />
      <SelectField
        label="The link can be opened for"
        value={linkLives}
        onChange={setLinkLives}
        options={LINK_LIFETIMES}
      />
      <LifetimeField
        label="The token it gives ends after"
        value={tokenLives}
        onChange={setTokenLives}
        warning="A token that never ends works until somebody revokes it. Remember it when this person leaves."
      />
    </DialogForm>
  )
}

function MadeInvite({ slug, invite, onClose }: { slug: string; invite: IssuedInvite; onClose: () => void }) {
  const commands = inviteCommands(workspaceUrl(slug), invite.link)
  const message = messageFor(commands, invite)
  return (
    <>
      <Notice tone="good" title="This link is shown once">
        It works once, for whoever opens it first, and ends <Time at={invite.expiresAt} />. Send it to{' '}
        {invite.member} alone, by a way that only they read.
      </Notice>
      <Snippet text={invite.link} fold />
      <div className="stack close">
        <h3>What to send with it</h3>
        <p className="soft">
          Three commands, with Node 20 or later: log in, add it to the AI clients found there, and look
          whether all of it works.
        </p>
        <Snippet text={commands.join('\n')} fold />
      </div>
      <div className="dialog-foot">
        <CopyButton text={message} label="Copy as a message" small={false} />
        <Button look="main" onClick={onClose}>
          Done
        </Button>
      </div>
    </>
  )
}

function inviteCommands(url: string, link: string): string[] {
  const run = `npx -y --allow-remote=all ${url}`
  return [`${run} login ${link}`, `${run} install`, `${run} doctor`]
}

function messageFor(commands: readonly string[], { expiresAt }: IssuedInvite): string {
  const until = new Date(expiresAt).toUTCString()
  return `You are invited to our MCP workspace. On your computer, with Node 20 or later, run:\n\n${commands.join('\n')}\n\nThe link in the first line works once, until ${until}.\n`
}
