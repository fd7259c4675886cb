import './people.css'
import { useQuery } from '@tanstack/react-query'
import { invitesQuery, tokensQuery } from '../api/queries.ts'
import { tell } from '../api/request.ts'
import { type Revoked, revokedShape } from '../api/shapes.ts'
import { useRefresh } from '../api/use-refresh.ts'
import { Confirm } from '../parts/confirm.tsx'
import { Notice } from '../parts/notice.tsx'
import { useSay } from '../parts/toasts.tsx'
import { useSession } from '../shell/session.tsx'
import { LastUse } from './last-use.tsx'
import { isLive } from './token-state.ts'

/** Ends everything that a member holds in one workspace, in one act. */
export function EndMember({ slug, member, onClose }: { slug: string; member: string; onClose: () => void }) {
  const refresh = useRefresh()
  const say = useSay()
  async function end() {
    const done = await tell('POST', revokedShape, ['workspaces', slug, 'members', 'revoke'], { member })
    await refresh(slug)
    say.done(wordsFor(member, done))
  }
  return (
    <Confirm
      title={`End all access of ${member}`}
      act="End all of it"
      typed={member}
      onConfirm={end}
      onClose={onClose}
    >
      <Consequences member={member} />
      <Holdings slug={slug} member={member} />
    </Confirm>
  )
}

/** The same in every workspace, owner tokens included, except the last one there is. */
export function EndMemberEverywhere({
  member,
  workspaces,
  ownerTokens,
  onClose,
}: {
  member: string
  workspaces: readonly { slug: string; tokens: number }[]
  ownerTokens: number
  onClose: () => void
}) {
  const refresh = useRefresh()
  const say = useSay()
  async function end() {
    const done = await tell('POST', revokedShape, ['members', 'revoke'], { member })
    await Promise.all([refresh(), ...workspaces.map(({ slug }) => refresh(slug))])
    say.done(wordsFor(member, done))
  }
  return (
    <Confirm
      title={`End all access of ${member}, everywhere`}
      act="End all of it"
      typed={member}
      onConfirm={end}
      onClose={onClose}
    >
      <Consequences member={member} />
      <ul className="bullets">
        {workspaces.map(({ slug, tokens }) => (
          <li key={slug} className="wrap">
            {slug}: {tokens === 1 ? '1 token' : `${tokens} tokens`}
          </li>
        ))}
        {ownerTokens > 0 && (
          <li>
            {ownerTokens === 1 ? '1 owner token' : `${ownerTokens} owner tokens`}; the last one of the
            installation stays
          </li>
        )}
      </ul>
    </Confirm>
  )
}

function wordsFor(member: string, { revoked, kept }: Revoked): string {
  const ended = `${revoked === 1 ? '1 token or session' : `${revoked} tokens and sessions`} of ${member} ended.`
  return kept === undefined ? ended : `${ended} "${kept.name}" stays: it is the last owner token.`
}

function Consequences({ member }: { member: string }) {
  const isSelf = useSession().member === member
  return (
    <>
      {isSelf && (
        <Notice tone="warn" title="This is you">
          You are signed out with it, and need another token to come back.
        </Notice>
      )}
      <p>
        Every token and session stops at once, and what they have open is closed. Invites that were not opened
        yet are taken back. The log of what they did stays.
      </p>
    </>
  )
}

/** By name, so that an agent that runs on somebody's token is not a surprise. */
function Holdings({ slug, member }: { slug: string; member: string }) {
  const tokens = useQuery(tokensQuery(slug)).data?.items ?? []
  const sessions = useQuery(tokensQuery(slug, 'session')).data?.items ?? []
  const invites = useQuery(invitesQuery(slug)).data?.items ?? []
  const live = tokens.filter((token) => token.member === member && isLive(token))
  const signedIn = sessions.filter((session) => session.member === member && isLive(session)).length
  const open = invites.filter((invite) => invite.member === member && invite.state === 'open').length
  return (
    <ul className="bullets stack close">
      {live.map((token) => (
        <li key={token.id} className="wrap">
          Token <strong>{token.name}</strong>, last used: <LastUse token={token} />
        </li>
      ))}
      {signedIn > 0 && (
        <li>{signedIn === 1 ? '1 session in a browser' : `${signedIn} sessions in browsers`}</li>
      )}
      {open > 0 && <li>{open === 1 ? '1 open invite' : `${open} open invites`}</li>}
    </ul>
  )
}
