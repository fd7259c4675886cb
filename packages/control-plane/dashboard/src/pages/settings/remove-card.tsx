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
      <p>This cannot be undone. Its URL stops answering, and its log stays in the database.</p>
      <WhatGoes slug={slug} />
    </Confirm>
  )
}

function WhatGoes({ slug }: { slug: string }) {
  const servers = useQuery(serversQuery(slug)).data?.items ?? []
  const tokens = useQuery(tokensQuery(slug)).data?.items ?? []
  const live = tokens.filter((token) => isLive(token))
  const credentials = servers.filter(hasCredential)
  if (servers.length === 0 && live.length === 0) return null
  return (
    <>
      <p className="strong">With it go:</p>
      <ul className="bullets stack close">
        <Going what="server" names={servers.map(({ name }) => name)} />
        <Going
          what="credential"
          names={credentials.map(({ name }) => name)}
          also="Nobody can read them back."
        />
        <Going what="live token" names={live.map(({ name, member }) => `${name} (${member})`)} />
      </ul>
    </>
  )
}

function Going({ what, names, also }: { what: string; names: readonly string[]; also?: string }) {
  if (names.length === 0) return null
  return (
    <li className="wrap">
      {names.length} {what}
      {names.length === 1 ? '' : 's'}: {names.join(', ')}
      {also !== undefined && `. ${also}`}
    </li>
  )
}

function hasCredential({ credential }: Server): boolean {
  if (credential === undefined) return false
  return 'set' in credential ? credential.set : credential.version !== null
}
