import { Link } from '@tanstack/react-router'
import { Circle, CircleCheck } from 'lucide-react'
import type { ReactNode } from 'react'
import type { LogRow } from '../../api/shapes.ts'
import { useMay } from '../../shell/session.tsx'
import { CallSentence } from './call-sentence.tsx'
import type { Step, StepId } from './first-day-steps.ts'

interface Props {
  step: Step
  slug: string
  call: LogRow | undefined
}

const TITLE: Record<StepId, string> = {
  server: 'A server is ready',
  credential: 'Servers that need a credential have it',
  connect: 'A token is issued, or a client connected',
  call: 'Calls arrive',
  teammate: 'A teammate is invited',
}

export function FirstDayStep({ step: { id, done, optional }, slug, call }: Props) {
  return (
    <li>
      {done ? (
        <CircleCheck size={20} className="done" aria-hidden="true" />
      ) : (
        <Circle size={20} className="soft" aria-hidden="true" />
      )}
      <div aria-live={id === 'call' ? 'polite' : undefined}>
        <span className={done ? undefined : 'strong'}>{TITLE[id]}</span>
        <span className="aside">{done ? ' (done)' : ' (to do)'}</span>
        {optional && !done && <span className="soft"> (optional)</span>}
        <div className="soft small">
          {id === 'call' && call !== undefined ? (
            <CallSentence call={call} slug={slug} />
          ) : (
            !done && <HowTo id={id} slug={slug} />
          )}
        </div>
      </div>
    </li>
  )
}

/** Where each step is done. */
function HowTo({ id, slug }: { id: StepId; slug: string }): ReactNode {
  const may = useMay()
  const to = { params: { slug } }
  switch (id) {
    case 'server':
      return may('server.write') ? (
        <Link to="/w/$slug/servers" {...to}>
          Add a server
        </Link>
      ) : (
        'An admin adds servers.'
      )
    case 'credential':
      return (
        <Link to="/w/$slug/credentials" {...to}>
          Set what is missing
        </Link>
      )
    case 'connect':
      return (
        <>
          <Link to="/w/$slug/connect" {...to}>
            Connect a client
          </Link>
          {may('token.manage') && (
            <>
              {' or '}
              <Link to="/w/$slug/tokens" {...to}>
                issue a token
              </Link>
            </>
          )}
        </>
      )
    case 'call':
      return (
        <>
          <span className="waiting" aria-hidden="true" /> Waiting for it. Ask your client to use a tool, or{' '}
          <Link to="/w/$slug/playground" {...to}>
            call one in the playground
          </Link>
        </>
      )
    case 'teammate':
      return (
        <Link to="/w/$slug/members" {...to}>
          Invite somebody
        </Link>
      )
  }
}
