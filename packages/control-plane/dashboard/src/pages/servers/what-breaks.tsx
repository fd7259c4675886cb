import './servers.css'
import { useQuery } from '@tanstack/react-query'
import { serverToolsQuery, statsQuery } from '../../api/queries.ts'
import { count } from '../../format/numbers.ts'
import { daysAgo } from '../../format/periods.ts'
import { Skeleton } from '../../parts/skeleton.tsx'

const MAX_NAMED = 8

/** Who used a server lately and which tools go with it: what to know before it is switched off or removed. */
export function WhatBreaks({ slug, server }: { slug: string; server: string }) {
  const tools = useQuery(serverToolsQuery(slug, server))
  const members = useQuery(statsQuery(slug, { server, by: 'member', from: daysAgo(7), limit: 100 }))
  if (tools.isPending || members.isPending) return <Skeleton height="4rem" />
  const shown = tools.data?.items.filter(({ state }) => state === 'shown').map(({ shownAs }) => shownAs) ?? []
  return (
    <>
      <p>
        {shown.length === 0
          ? 'It offers no tools now.'
          : `Clients lose ${shown.length === 1 ? 'its tool' : `its ${shown.length} tools`} at once:`}
      </p>
      {shown.length > 0 && <Names names={shown} mono />}
      <Callers items={members.data?.items} />
    </>
  )
}

function Callers({
  items,
}: {
  items: readonly { member?: string | undefined; calls: number }[] | undefined
}) {
  if (items === undefined) return <p>Who called it lately cannot be said just now.</p>
  const callers = items.filter(({ calls }) => calls > 0)
  if (callers.length === 0) return <p>Nobody called it in the last 7 days.</p>
  return (
    <>
      <p>Called in the last 7 days by:</p>
      <Names names={callers.map(({ member, calls }) => `${member ?? 'somebody'} (${count(calls)} calls)`)} />
    </>
  )
}

function Names({ names, mono = false }: { names: readonly string[]; mono?: boolean }) {
  const left = names.length - MAX_NAMED
  return (
    <ul className={mono ? 'names mono' : 'names'}>
      {names.slice(0, MAX_NAMED).map((name) => (
        <li key={name} className="wrap">
          {name}
        </li>
      ))}
      {left > 0 && <li>and {left} more</li>}
    </ul>
  )
}
