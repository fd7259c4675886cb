import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CircleAlert, CircleCheck, CircleDashed, LoaderCircle } from 'lucide-react'
import type { ReactNode } from 'react'
import { logQuery } from '../../api/queries.ts'
import type { LogRow } from '../../api/shapes.ts'
import { duration } from '../../format/numbers.ts'
import { outcomeWord } from '../../parts/badge.tsx'
import { Card } from '../../parts/card.tsx'
import { Time } from '../../parts/time.tsx'
import { isClientCall } from './progress.ts'
import { useProgress } from './use-progress.ts'

type State = 'done' | 'now' | 'later' | 'wrong'

/** From nothing to the first call, as it happens. */
export function ConnectLine({ slug, name }: { slug: string; name: string }) {
  const { connected, firstCall, feed } = useProgress(slug)
  return (
    <Card title="Does it work?">
      <ol className="plain connect-line" aria-live="polite">
        {connected === undefined ? (
          <Step state="now">
            {feed === 'broken'
              ? 'Waiting, but the log cannot be followed. Reload this page.'
              : `Waiting for ${name} …`}
          </Step>
        ) : (
          <Step state="done">
            <strong className="wrap">{connected.client}</strong> connected as{' '}
            <span className="wrap">{connected.member}</span>
          </Step>
        )}
        {firstCall === undefined ? (
          <Step state={connected === undefined ? 'later' : 'now'}>
            {connected === undefined
              ? 'First call'
              : 'Waiting for the first call: ask it to use one of the tools.'}
          </Step>
        ) : (
          <FirstCall slug={slug} row={firstCall} />
        )}
      </ol>
      {firstCall === undefined && <LastCall slug={slug} />}
    </Card>
  )
}

const ICON = { done: CircleCheck, now: LoaderCircle, later: CircleDashed, wrong: CircleAlert }

function Step({ state, children }: { state: State; children: ReactNode }) {
  const Icon = ICON[state]
  return (
    <li className={state}>
      <Icon size={19} aria-hidden="true" {...(state === 'now' && { className: 'spin' })} />
      <span>{children}</span>
    </li>
  )
}

function FirstCall({ slug, row }: { slug: string; row: LogRow }) {
  const went = row.outcome === 'ok'
  return (
    <Step state={went ? 'done' : 'wrong'}>
      First call: <CallLink slug={slug} row={row} />, {duration(row.latencyMs)}
      {!went && `, ${outcomeWord(row.outcome).toLowerCase()}`}
    </Step>
  )
}

function CallLink({ slug, row }: { slug: string; row: LogRow }) {
  return (
    <Link to="/w/$slug/audit/$seq" params={{ slug, seq: String(row.seq) }} className="wrap">
      {row.shownAs ?? row.tool ?? row.method}
    </Link>
  )
}

/** Somebody who looks in later wants to know that it works, too. */
function LastCall({ slug }: { slug: string }) {
  const rows = useQuery(logQuery(slug, { kind: 'call', limit: 20 })).data?.items ?? []
  const last = rows.find(isClientCall)
  if (last === undefined) return null
  return (
    <p className="soft small">
      Last call before: <CallLink slug={slug} row={last} /> <Time at={last.time} />
      {last.client !== null && <span className="wrap"> from {last.client}</span>}
      <span className="wrap"> ({last.member})</span>
    </p>
  )
}
