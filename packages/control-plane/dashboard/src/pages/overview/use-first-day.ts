import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useLogFeed } from '../../api/log-feed.ts'
import {
  clientsQuery,
  invitesQuery,
  logQuery,
  membersQuery,
  serversQuery,
  tokensQuery,
} from '../../api/queries.ts'
import type { LogRow } from '../../api/shapes.ts'
import { useMay } from '../../shell/session.tsx'
import { type Step, stepsOf } from './first-day-steps.ts'

const ASK_AGAIN_MS = 5_000

export interface FirstDayState {
  /** Undefined until all of it is known. */
  steps: Step[] | undefined
  call: LogRow | undefined
}

/** How far the first day is, kept up to date for as long as `following`; a call is heard of as it is logged. */
export function useFirstDay(slug: string, following: boolean): FirstDayState {
  const may = useMay()
  const [heard, setHeard] = useState<LogRow>()
  const again = { refetchInterval: following ? ASK_AGAIN_MS : (false as const) }
  const servers = useQuery({ ...serversQuery(slug), ...again, enabled: may('server.read') })
  const tokens = useQuery({ ...tokensQuery(slug), ...again, enabled: may('token.manage') })
  const clients = useQuery({ ...clientsQuery(slug), ...again, enabled: may('audit.read-own') })
  const members = useQuery({ ...membersQuery(slug), ...again, enabled: may('token.manage') })
  const invites = useQuery({ ...invitesQuery(slug), ...again, enabled: may('token.manage') })
  const calls = useQuery({ ...logQuery(slug, { kind: 'call', limit: 1 }), enabled: may('audit.read-own') })

  // The newest, where the first was before this page.
  const call = heard ?? calls.data?.items[0]
  useLogFeed(slug, following && calls.isSuccess && call === undefined, (row) => {
    if (row.kind === 'call') setHeard(row)
  })

  const waiting = [servers, tokens, clients, members, invites, calls].some(({ isLoading }) => isLoading)
  if (waiting) return { steps: undefined, call }
  const steps = stepsOf({
    servers: servers.data?.items,
    tokens: tokens.data?.items,
    clients: clients.data?.items ?? [],
    call,
    members: members.data?.items,
    invites: invites.data?.items,
  })
  return { steps, call }
}
