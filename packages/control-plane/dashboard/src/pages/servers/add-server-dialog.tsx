import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { ApiError } from '../../api/api-error.ts'
import { serverQuery, serverToolsQuery } from '../../api/queries.ts'
import { checkServer, createServer, putCredential, removeServer } from '../../api/servers.ts'
import type { Server } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Notice } from '../../parts/notice.tsx'
import { useMay } from '../../shell/session.tsx'
import { CredentialForm } from '../credentials/credential-form.tsx'
import { namesAsked } from '../credentials/credential-state.ts'
import { apiServer, EMPTY_API } from './api-draft.ts'
import { ApiServerForm } from './api-server-form.tsx'
import { CatalogWay } from './catalog-way.tsx'
import { CheckedServer } from './checked-server.tsx'
import { HostedServerForm } from './hosted-server-form.tsx'
import { ImportServers } from './import-servers.tsx'
import {
  EMPTY_HOSTED,
  EMPTY_REMOTE,
  hostedServer,
  type NewServer,
  type Place,
  placeOf,
  remoteServer,
  repeatedHeader,
} from './new-server.ts'
import { RemoteServerForm } from './remote-server-form.tsx'
import { ServerLogin } from './server-login.tsx'
import { wantsCredential } from './server-trouble.tsx'

/** The ways a server comes into a workspace. A further one is a row here and a form below. */
const WAYS = [
  { way: 'catalog', label: 'Catalog', needs: 'server.write' },
  { way: 'url', label: 'By URL', needs: 'server.write' },
  { way: 'openapi', label: 'From OpenAPI', needs: 'server.write' },
  { way: 'command', label: 'By command', needs: 'server.host' },
  { way: 'file', label: 'From a file', needs: 'server.write' },
] as const
type Way = (typeof WAYS)[number]['way']

/** What happened so far; a server that exists stays where it is when something after it fails. */
export interface Added {
  server: Server
  warning?: string | undefined
  /** Of the credential, or of the check. */
  failure?: unknown
}

interface Props {
  slug: string
  /** The catalog's entry that the address names. */
  entry: string | undefined
  onClose: () => void
}

export function AddServerDialog({ slug, entry, onClose }: Props) {
  const may = useMay()
  const ways = WAYS.filter(({ needs }) => may(needs))
  const [way, setWay] = useState<Way>('catalog')
  const [remote, setRemote] = useState(EMPTY_REMOTE)
  const [hosted, setHosted] = useState(EMPTY_HOSTED)
  const [api, setApi] = useState(EMPTY_API)
  const [added, setAdded] = useState<Added>()
  const addition = useAddition(slug, setAdded)
  const mistakes = mistakesOf(addition.error, way === 'url' ? repeatedHeader(remote) : undefined)
  if (added !== undefined) {
    return (
      <Dialog title={titleOf(added)} wide onClose={onClose}>
        <AddedServer slug={slug} added={added} onChange={setAdded} onClose={onClose} />
      </Dialog>
    )
  }
  return (
    <Dialog title="Add a server" wide onClose={onClose}>
      {ways.length > 1 && (
        <fieldset className="segments" aria-label="How">
          {ways.map((each) => (
            <button
              key={each.way}
              type="button"
              aria-pressed={each.way === way}
              onClick={() => {
                addition.reset()
                setWay(each.way)
              }}
            >
              {each.label}
            </button>
          ))}
        </fieldset>
      )}
      {way === 'catalog' && <CatalogWay slug={slug} entry={entry} onAdded={setAdded} onClose={onClose} />}
      {way === 'file' && <ImportServers slug={slug} onAdded={setAdded} onClose={onClose} />}
      {way !== 'catalog' && way !== 'file' && (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            if (mistakes.places.headers !== undefined && !addition.isError) return
            addition.mutate(
              { url: remoteServer(remote), openapi: apiServer(api), command: hostedServer(hosted) }[way],
            )
          }}
        >
          {way === 'url' && (
            <RemoteServerForm draft={remote} onChange={setRemote} mistakes={mistakes.places} />
          )}
          {way === 'openapi' && (
            <ApiServerForm slug={slug} draft={api} onChange={setApi} mistakes={mistakes.places} />
          )}
          {way === 'command' && (
            <HostedServerForm draft={hosted} onChange={setHosted} mistakes={mistakes.places} />
          )}
          {mistakes.elsewhere}
          <div className="dialog-foot">
            <Button onClick={onClose}>Cancel</Button>
            <Button
              type="submit"
              look="main"
              busy={addition.isPending}
              disabled={way === 'openapi' && api.chosen.size === 0}
            >
              {addition.isPending ? 'Adding and checking' : 'Add and check'}
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  )
}

function titleOf({ server: { name, status }, failure }: Added): string {
  return status === 'ready' && failure === undefined
    ? `${name} is added`
    : `${name} is added, and not ready yet`
}

/** Creates the server, puts its credential, and checks it. Fails only where there is no server afterwards. */
function useAddition(slug: string, onAdded: (added: Added) => void) {
  const refresh = useRefresh()
  return useMutation({
    async mutationFn({ server, values }: NewServer) {
      const created = await createServer(slug, server)
      const added = await equip(slug, created, values)
      await refresh(slug)
      return added
    },
    onSuccess: onAdded,
  })
}

async function equip(slug: string, created: Server, values: Record<string, string>): Promise<Added> {
  let warning: string | undefined
  try {
    if (Object.keys(values).length > 0) warning = (await putCredential(slug, created.name, values)).warning
    return { server: await checkServer(slug, created.name), warning }
  } catch (failure) {
    return { server: created, warning, failure }
  }
}

/** What the API's words say about one field stands there; the rest stands below the form. */
function mistakesOf(
  error: unknown,
  headers: string | undefined,
): { places: Partial<Record<Place, string>>; elsewhere: ReactNode } {
  const place = error instanceof ApiError ? placeOf(error.message) : undefined
  if (error instanceof ApiError && place !== undefined) {
    const words = error.fix === undefined ? error.message : `${error.message} ${error.fix}`
    return { places: { [place]: words }, elsewhere: null }
  }
  return {
    places: headers === undefined ? {} : { headers },
    elsewhere: error == null ? null : <ErrorNotice error={error} />,
  }
}

/** A package may be installed for a minute before its server can be met: what becomes of it is shown as it comes. */
function useUntilMet(slug: string, added: Added, onChange: (added: Added) => void): void {
  const isOnItsWay = added.server.status === 'connecting' && added.failure === undefined
  // What was known of an earlier server of this name is not about this one.
  const [since] = useState(() => Date.now())
  const { data, dataUpdatedAt } = useQuery({
    ...serverQuery(slug, added.server.name),
    enabled: isOnItsWay,
    refetchInterval: UNTIL_MET_MS,
  })
  useEffect(() => {
    const isNews = isOnItsWay && dataUpdatedAt > since && data !== undefined && data !== added.server
    if (isNews) onChange({ ...added, server: data })
  }, [isOnItsWay, data, dataUpdatedAt, since, added, onChange])
}

const UNTIL_MET_MS = 1_500

interface AddedProps {
  slug: string
  added: Added
  /** Undefined: it is gone again, and the form is back as it was. */
  onChange: (added: Added | undefined) => void
  onClose: () => void
}

function AddedServer({ slug, added, onChange, onClose }: AddedProps) {
  const { server, warning, failure } = added
  const refresh = useRefresh()
  useUntilMet(slug, added, onChange)
  const client = useQueryClient()
  const again = useMutation({
    async mutationFn() {
      const checked = await checkServer(slug, server.name)
      await client.invalidateQueries({ queryKey: serverToolsQuery(slug, server.name).queryKey })
      await refresh(slug)
      onChange({ server: checked, warning })
    },
  })
  const takeBack = useMutation({
    async mutationFn() {
      await removeServer(slug, server.name)
      await refresh(slug)
      onChange(undefined)
    },
  })
  const names = namesAsked(server)
  const well = server.status === 'ready' && failure === undefined
  return (
    <>
      {failure === undefined ? (
        <CheckedServer slug={slug} server={server} />
      ) : (
        <ErrorNotice error={failure} />
      )}
      {warning !== undefined && <Notice tone="warn">{warning}</Notice>}
      {server.status === 'needs_login' && <ServerLogin slug={slug} server={server} />}
      {!well && names.length > 0 && (
        <details className="disclosure" open={wantsCredential(server) || failure !== undefined || undefined}>
          <summary>Set the credential again</summary>
          <CredentialForm
            slug={slug}
            server={server}
            onChecked={(checked) => onChange({ server: checked })}
          />
        </details>
      )}
      {again.isError && <ErrorNotice error={again.error} />}
      {takeBack.isError && <ErrorNotice error={takeBack.error} />}
      <div className="dialog-foot">
        {!well && server.status === 'needs_login' && (
          <ButtonLink to="/w/$slug/servers/$server" params={{ slug, server: server.name }}>
            Log in
          </ButtonLink>
        )}
        {!well && server.status !== 'connecting' && (
          <>
            <Button busy={takeBack.isPending} onClick={() => takeBack.mutate()}>
              Remove it and change what I typed
            </Button>
            <Button busy={again.isPending} onClick={() => again.mutate()}>
              Check again
            </Button>
          </>
        )}
        {well && (
          <ButtonLink to="/w/$slug/servers/$server" params={{ slug, server: server.name }}>
            Look at its tools
          </ButtonLink>
        )}
        <Button look="main" onClick={onClose}>
          {well ? 'Done' : 'Keep it and close'}
        </Button>
      </div>
    </>
  )
}
