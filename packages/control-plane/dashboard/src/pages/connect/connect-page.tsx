import './connect.css'
import { useParams, useSearch } from '@tanstack/react-router'
import { UserPlus } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Page } from '../../parts/page.tsx'
import { Snippet } from '../../parts/snippet.tsx'
import { InviteDialog } from '../../people/invite-dialog.tsx'
import { workspaceUrl } from '../../people/workspace-url.ts'
import { useMay } from '../../shell/session.tsx'
import { type ClientFacts, clientWith } from './client-facts.ts'
import { ClientPicker } from './client-picker.tsx'
import { ConnectLine } from './connect-line.tsx'
import { SYSTEM_WORD, SYSTEMS, type System, systemOf } from './launch.ts'
import { bridgeCommand } from './set-up.ts'
import { Ways } from './ways.tsx'

export function ConnectPage() {
  const { slug } = useParams({ from: '/inside/w/$slug/connect' })
  const { client: id } = useSearch({ from: '/inside/w/$slug/connect' })
  const [system, setSystem] = useState(() => systemOf(navigator.userAgent))
  const [inviting, setInviting] = useState(false)
  const may = useMay()
  const client = clientWith(id)
  const url = workspaceUrl(slug)
  return (
    <Page
      title="Connect"
      lead="One entry in an AI client opens every server of this workspace."
      actions={
        may('token.manage') && (
          <Button onClick={() => setInviting(true)}>
            <UserPlus size={16} aria-hidden="true" />
            Invite a teammate
          </Button>
        )
      }
    >
      <Card title="URL of this workspace">
        <Snippet text={url} fold />
      </Card>
      <Card title="Your client" actions={<SystemChoice system={system} onChange={setSystem} />}>
        <ClientPicker current={client?.id} />
      </Card>
      <Card title={client === undefined ? 'Set up every client at once' : `Set up ${client.name}`}>
        <Steps client={client} system={system} url={url} />
      </Card>
      {may('audit.read-own') && <ConnectLine key={slug} slug={slug} name={client?.name ?? 'a client'} />}
      {inviting && <InviteDialog slug={slug} onClose={() => setInviting(false)} />}
    </Page>
  )
}

function SystemChoice({ system, onChange }: { system: System; onChange: (system: System) => void }) {
  return (
    <fieldset className="segments" aria-label="System of the computer">
      {SYSTEMS.map((one) => (
        <button key={one} type="button" aria-pressed={one === system} onClick={() => onChange(one)}>
          {SYSTEM_WORD[one]}
        </button>
      ))}
    </fieldset>
  )
}

function Steps({ client, system, url }: { client: ClientFacts | undefined; system: System; url: string }) {
  return (
    <ol className="connect-steps">
      <li>
        <h3>1. Log in on this computer</h3>
        <p className="soft">
          In a terminal, with Node 20 or later. Opens a page to approve it; the token goes into the keychain
          of the system.
        </p>
        <Snippet text={bridgeCommand(url, 'login')} fold />
      </li>
      <li>
        <h3>{client === undefined ? '2. Add it to your clients' : `2. Add it to ${client.name}`}</h3>
        {client === undefined ? (
          <EveryClient url={url} />
        ) : (
          <Ways client={client} system={system} url={url} />
        )}
      </li>
      <li>
        <h3>3. Then</h3>
        <p>{client?.afterwards ?? 'Restart the clients that were running: the command says which.'}</p>
      </li>
    </ol>
  )
}

function EveryClient({ url }: { url: string }) {
  return (
    <>
      <p className="soft">
        Finds the AI clients on this computer, shows what it will change in each, and asks before it does. Or
        choose your client above to do it yourself.
      </p>
      <Snippet text={bridgeCommand(url, 'install')} fold />
    </>
  )
}
