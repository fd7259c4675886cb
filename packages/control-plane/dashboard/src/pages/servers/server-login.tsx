import { useMutation } from '@tanstack/react-query'
import { LogIn } from 'lucide-react'
import { useState } from 'react'
import { startLogin } from '../../api/servers.ts'
import type { Server } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { SecretField, TextField } from '../../parts/fields.tsx'
import { useMay } from '../../shell/session.tsx'

const NO_CLIENT = { clientId: '', clientSecret: '' }

/** How the login of a server stands, and the way to log in. Nothing for a server that one does not log in to. */
export function ServerLogin({ slug, server: { name, oauth } }: { slug: string; server: Server }) {
  const may = useMay()
  const [client, setClient] = useState(NO_CLIENT)
  const login = useMutation({
    mutationFn: () => startLogin(slug, name, filled(client)),
    onSuccess: ({ authorizationUrl }) => openPage(authorizationUrl),
  })
  if (oauth === undefined || !may('credential.write')) return null
  const isActive = oauth.login === 'active'
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        login.mutate()
      }}
    >
      {oauth.client === 'pre-registered' && (
        <>
          <TextField
            label="Client id"
            hint={hintFor(isActive)}
            value={client.clientId}
            onChange={(clientId) => setClient({ ...client, clientId })}
            autoComplete="off"
            spellCheck={false}
            required={oauth.login === 'none'}
          />
          <SecretField
            label="Client secret"
            hint="Sealed in the vault, and sent to the authorization server only. Empty where the client has none."
            value={client.clientSecret}
            onChange={(clientSecret) => setClient({ ...client, clientSecret })}
          />
        </>
      )}
      {login.isError && <ErrorNotice error={login.error} />}
      <div className="row">
        <Button type="submit" look={isActive ? 'plain' : 'main'} busy={login.isPending || login.isSuccess}>
          {!login.isPending && <LogIn size={15} aria-hidden="true" />}
          {isActive ? 'Log in again' : 'Log in'}
        </Button>
        {isActive && <Badge tone="good">Logged in</Badge>}
        <span className="soft small">Leads to the page of the server's own login, and back here.</span>
      </div>
    </form>
  )
}

function hintFor(isActive: boolean): string {
  const redirect = `Register one there with the redirect URI ${location.origin}/oauth/callback.`
  return isActive ? `${redirect} Empty: the one of the login there is.` : redirect
}

function filled({ clientId, clientSecret }: typeof NO_CLIENT): Record<string, string> {
  return {
    ...(clientId.trim() !== '' && { clientId: clientId.trim() }),
    ...(clientSecret.trim() !== '' && { clientSecret: clientSecret.trim() }),
  }
}

/** The address comes from a server that nobody trusts: nothing but a page is opened. */
function openPage(url: string): void {
  if (/^https?:$/.test(new URL(url).protocol)) location.assign(url)
}
