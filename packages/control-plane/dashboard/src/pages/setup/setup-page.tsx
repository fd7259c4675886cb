import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { setupStateQuery } from '../../api/queries.ts'
import { tell } from '../../api/request.ts'
import { setupDoneShape } from '../../api/shapes.ts'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { CheckField, TextField } from '../../parts/fields.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Notice } from '../../parts/notice.tsx'
import { Snippet } from '../../parts/snippet.tsx'
import { slugOf } from '../../people/slug.ts'
import { workspaceUrl } from '../../people/workspace-url.ts'
import { Mark } from '../../shell/mark.tsx'

/** The first minute of an installation: whoever has the link from the start becomes its owner. */
export function SetupPage() {
  // Behind the #, so that it is in no log of a proxy. Read once, because the address is cleaned afterwards.
  const [code] = useState(() => location.hash.slice(1))
  const state = useQuery(setupStateQuery)
  useEffect(() => {
    document.title = 'Set up · mcpgw'
    if (code !== '') history.replaceState(history.state, '', location.pathname)
  }, [code])
  return (
    <main className="alone">
      <div className="brand">
        <Mark />
        <span>mcpgw</span>
      </div>
      <Card>
        <h1>Set up this gateway</h1>
        <Loaded query={state}>
          {({ open }) => (open ? code === '' ? <NoCode /> : <SetupForm code={code} /> : <AlreadyDone />)}
        </Loaded>
      </Card>
    </main>
  )
}

function NoCode() {
  return (
    <Notice tone="warn" title="The link is not complete">
      Open the one that mcpgw-server printed when it started, with everything behind the #. After a restart it
      prints a new one.
    </Notice>
  )
}

function AlreadyDone() {
  return (
    <>
      <Notice title="This gateway has an owner already">
        The set-up link works once. Sign in with a token, or ask the owner for one.
      </Notice>
      <ButtonLink to="/sign-in" look="main">
        Sign in
      </ButtonLink>
    </>
  )
}

function SetupForm({ code }: { code: string }) {
  const [member, setMember] = useState('')
  const [name, setName] = useState('Main')
  const slug = slugOf(name)
  const setup = useMutation({
    mutationFn: () => tell('POST', setupDoneShape, ['setup'], { code, member, workspace: { slug, name } }),
  })
  if (setup.isSuccess) return <OwnerToken {...setup.data} />
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        setup.mutate()
      }}
    >
      <TextField
        label="Your name"
        hint="As the log shall call you: a name or an e-mail address."
        value={member}
        onChange={setMember}
        autoComplete="username"
        maxLength={200}
        autoFocus
        required
      />
      <TextField
        label="First workspace"
        hint={`A team, for example. Its URL is ${workspaceUrl(slug)}`}
        value={name}
        onChange={setName}
        maxLength={100}
        required
      />
      {setup.isError && <ErrorNotice error={setup.error} />}
      <Button type="submit" look="main" busy={setup.isPending}>
        Become the owner
      </Button>
    </form>
  )
}

function OwnerToken({ token, workspace }: { token: string; workspace: string }) {
  const [kept, setKept] = useState(false)
  return (
    <div className="stack">
      <Notice tone="good" title="You are the owner">
        This is your owner token, the way to sign in again. It is shown this once: put it into your password
        manager.
      </Notice>
      <Snippet text={token} fold />
      <CheckField label="I have put it away safely" checked={kept} onChange={setKept} />
      {kept ? (
        <ButtonLink to="/w/$slug" params={{ slug: workspace }} look="main">
          Open the workspace
        </ButtonLink>
      ) : (
        <Button look="main" disabled>
          Open the workspace
        </Button>
      )}
      <p className="soft small">
        Lost it? On the control plane's machine, <code>mcpgw-server token create</code> makes another.{' '}
        <Link to="/sign-in">Sign in</Link>
      </p>
    </div>
  )
}
