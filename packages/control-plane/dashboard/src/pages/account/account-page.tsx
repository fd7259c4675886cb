import '../../people/people.css'
import { Link } from '@tanstack/react-router'
import { LogOut } from 'lucide-react'
import { roleWord } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Page } from '../../parts/page.tsx'
import { Time } from '../../parts/time.tsx'
import { ROLE_MAY } from '../../people/role-words.ts'
import { useSession } from '../../shell/session.tsx'
import { useSignOut } from '../../shell/use-sign-out.ts'
import { ThemeChoice } from './theme-choice.tsx'

/** Who is signed in here, what they may, and until when. */
export function AccountPage() {
  const { member, role, workspace, tokenName, session, expiresAt } = useSession()
  const signOut = useSignOut()
  const ends = session?.expiresAt ?? expiresAt
  return (
    <Page title="Your session" lead="Who you are here, and what you may do.">
      <Card title={<span className="wrap">{member}</span>}>
        <dl className="facts">
          <dt>Role</dt>
          <dd>
            {roleWord(role)}
            <span className="soft small line">{ROLE_MAY[role]}</span>
          </dd>
          <dt>Workspace</dt>
          <dd>
            {workspace === undefined ? (
              'All of them'
            ) : (
              <Link to="/w/$slug" params={{ slug: workspace }}>
                {workspace}
              </Link>
            )}
          </dd>
          {tokenName !== undefined && (
            <>
              <dt>Signed in with</dt>
              <dd>the token "{tokenName}"</dd>
            </>
          )}
          <dt>Ends</dt>
          <dd>{ends == null ? 'When you sign out' : <SessionEnd at={ends} />}</dd>
        </dl>
        <p className="soft small">
          This browser holds a session in place of the token. It ends with the token, when an admin ends it,
          or when you sign out.
        </p>
        <div className="row">
          <Button onClick={() => void signOut()}>
            <LogOut size={16} aria-hidden="true" />
            Sign out
          </Button>
        </div>
      </Card>
      <Card title="Colours">
        <ThemeChoice />
      </Card>
      {workspace !== undefined && (
        <Card title="Your AI clients">
          <p>
            They use a token of their own, which this session has nothing to do with.{' '}
            <Link to="/w/$slug/connect" params={{ slug: workspace }}>
              Connect a client
            </Link>
          </p>
        </Card>
      )}
    </Page>
  )
}

function SessionEnd({ at }: { at: string }) {
  return (
    <>
      <Time at={at} />
      <span className="soft">
        {' '}
        (<Time at={at} as="moment" />)
      </span>
    </>
  )
}
