import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { KeyRound, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { serversQuery } from '../../api/queries.ts'
import { removeCredential } from '../../api/servers.ts'
import type { Server } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Badge, StatusBadge } from '../../parts/badge.tsx'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Page } from '../../parts/page.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { useMay } from '../../shell/session.tsx'
import { WhatBreaks } from '../servers/what-breaks.tsx'
import { missingOf, namesAsked, namesOf, setAtOf, versionOf } from './credential-state.ts'
import { SetCredentialDialog } from './set-credential-dialog.tsx'

export function CredentialsPage() {
  const { slug } = useParams({ from: '/inside/w/$slug/credentials' })
  const { server: chosen } = useSearch({ from: '/inside/w/$slug/credentials' })
  const navigate = useNavigate()
  const may = useMay()
  const [removing, setRemoving] = useState<Server>()
  const servers = useQuery(serversQuery(slug))
  const choose = (server: string | undefined) =>
    void navigate({
      to: '.',
      search: server === undefined ? {} : { server },
      replace: true,
      resetScroll: false,
    })
  const dialogFor = servers.data?.items.find(({ name }) => name === chosen)
  return (
    <Page
      title="Credentials"
      lead="What opens the servers. Values go in and never come out: the gateway puts them into calls, and nobody can read them here."
    >
      <Card flush>
        <Loaded query={servers} height="14rem">
          {({ items }) => (
            <Table
              caption="Servers and their credentials"
              rows={items.filter((server) => namesAsked(server).length > 0 || versionOf(server) !== null)}
              keyOf={({ name }) => name}
              columns={columnsFor(slug, choose, setRemoving)}
              empty={
                <Empty
                  title="No server needs a credential"
                  action={
                    <ButtonLink to="/w/$slug/servers" params={{ slug }} search={{ add: true }} look="main">
                      Add a server
                    </ButtonLink>
                  }
                >
                  A server that asks for one in a header, an argument or a variable appears here.
                </Empty>
              }
            />
          )}
        </Loaded>
      </Card>
      {dialogFor !== undefined && may('credential.write') && (
        <SetCredentialDialog
          key={dialogFor.name}
          slug={slug}
          server={dialogFor}
          onClose={() => choose(undefined)}
        />
      )}
      {removing !== undefined && (
        <RemoveCredential slug={slug} server={removing} onClose={() => setRemoving(undefined)} />
      )}
    </Page>
  )
}

function columnsFor(
  slug: string,
  onSet: (server: string) => void,
  onRemove: (server: Server) => void,
): Column<Server>[] {
  return [
    {
      title: 'Server',
      sortBy: ({ name }) => name,
      cell: ({ name }) => (
        <Link to="/w/$slug/servers/$server" params={{ slug, server: name }}>
          {name}
        </Link>
      ),
    },
    { title: 'Status', cell: ({ status }) => <StatusBadge status={status} /> },
    { title: 'Values', cell: (server) => <Names server={server} /> },
    {
      title: 'Version',
      end: true,
      sortBy: (server) => versionOf(server) ?? 0,
      cell: (server) => versionOf(server) ?? '–',
    },
    {
      title: 'Set',
      sortBy: (server) => setAtOf(server) ?? '',
      cell: (server) => {
        const at = setAtOf(server)
        return at === null ? <span className="soft">Never</span> : <Time at={at} />
      },
    },
    {
      title: 'Change',
      cell: (server) => (
        <span className="row">
          <Button
            small
            look={missingOf(server).length > 0 ? 'main' : 'plain'}
            onClick={() => onSet(server.name)}
            aria-label={`${versionOf(server) === null ? 'Set' : 'Rotate'} the credential of ${server.name}`}
          >
            <KeyRound size={15} aria-hidden="true" />
            {versionOf(server) === null ? 'Set' : 'Rotate'}
          </Button>
          {versionOf(server) !== null && (
            <Button
              small
              look="quiet"
              aria-label={`Remove the credential of ${server.name}`}
              onClick={() => onRemove(server)}
            >
              <Trash2 size={15} aria-hidden="true" />
            </Button>
          )}
        </span>
      ),
    },
  ]
}

function Names({ server }: { server: Server }) {
  const missing = missingOf(server)
  return (
    <span className="row">
      {namesOf(server).map((name) => (
        <code key={name}>{name}</code>
      ))}
      {missing.map((name) => (
        <Badge key={name} tone="warn" icon={KeyRound}>
          {name} missing
        </Badge>
      ))}
    </span>
  )
}

function RemoveCredential({ slug, server, onClose }: { slug: string; server: Server; onClose: () => void }) {
  const refresh = useRefresh()
  const needed = namesAsked(server)
  return (
    <Confirm
      title={`Remove the credential of ${server.name}?`}
      act="Remove the credential"
      onClose={onClose}
      onConfirm={async () => {
        await removeCredential(slug, server.name)
        await refresh(slug)
      }}
    >
      {needed.length === 0 ? (
        <p>The server does not ask for it now. It goes on working.</p>
      ) : (
        <>
          <p>
            Without {needed.join(', ')}, {server.name} cannot be called.
          </p>
          <WhatBreaks slug={slug} server={server.name} />
        </>
      )}
      <p className="soft">
        The values are forgotten here. Where they were issued, they stay valid until you revoke them.
      </p>
    </Confirm>
  )
}
