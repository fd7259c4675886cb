import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { serversQuery, tokensQuery } from '../../api/queries.ts'
import { order } from '../../api/request.ts'
import type { Server, Workspace } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { useSay } from '../../parts/toasts.tsx'
import { isLive } from '../../people/token-state.ts'

/** For owners. */
export function RemoveCard({ workspace }: { workspace: Workspace }) {
  const [asking, setAsking] = useState(false)
  return (
    <Card title="Remove this workspace">
      <p className="soft">
        Its servers, credentials and tokens go, and its URL stops answering. Its log stays in the database.
      </p>
      <div className="row">
        <Button look="danger" onClick={() => setAsking(true)}>
          Remove the workspace
        </Button>
      </div>
      {asking && <RemoveWorkspace workspace={workspace} onClose={() => setAsking(false)} />}
    </Card>
  )
}

function RemoveWorkspace({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const { slug, name } = workspace
  const navigate = useNavigate()
  const refresh = useRefresh()
  const say = useSay()
  async function remove() {
    await order('DELETE', ['workspaces', slug])
    await refresh()
    say.done(`The workspace "${name}" is removed.`)
    await navigate({ to: '/workspaces' })
  }
  return (
    <Confirm
      title={`Remove the workspace "${name}"`}
      act="Remove it for good"
      typed={slug}
      onConfirm={remove}
      onClose={onClose}
    >
      <p>This cannot be undone. With it go:</p>
      <WhatGoes slug={slug} />
      <p>The log stays in the database, where owners can still look it up.</p>
    </Confirm>
  )
}

function WhatGoes({ slug }: { slug: string }) {
  const servers = useQuery(serversQuery(slug)).data?.items ?? []
  const tokens = useQuery(tokensQuery(slug)).data?.items ?? []
  const live = tokens.filter((token) => isLive(token))
  const members = [...new Set(live.map(({ member }) => member))]
  const withCredential = servers.filter(hasCredential)
  return (
    <ul className="bullets stack close">
      <li className="wrap">{named('server', servers)}</li>
      <li className="wrap">{named('credential', withCredential)}, which nobody can read back</li>
      <li className="wrap">
        {counted(live.length, 'live token')}
        {members.length > 0 && `, of ${members.join(', ')}`}
      </li>
    </ul>
  )
}

function hasCredential({ credential }: Server): boolean {
  if (credential === undefined) return false
  return 'set' in credential ? credential.set : credential.version !== null
}

function named(what: string, servers: readonly Server[]): string {
  const names = servers.map(({ name }) => name).join(', ')
  return servers.length === 0 ? `no ${what}` : `${counted(servers.length, what)}: ${names}`
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
