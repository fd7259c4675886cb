import { Link } from '@tanstack/react-router'
import type { IssuedToken } from '../api/shapes.ts'
import { Button } from '../parts/button.tsx'
import { Notice } from '../parts/notice.tsx'
import { Snippet } from '../parts/snippet.tsx'
import type { TokenHome } from './token-home.ts'
import { workspaceUrl } from './workspace-url.ts'

interface Props {
  home: TokenHome
  issued: IssuedToken
  onClose: () => void
}

/** A token, this once, and what to do with it. */
export function ShownToken({ home, issued, onClose }: Props) {
  return (
    <>
      <Notice tone="good" title="This token is shown once">
        Copy it now and give it to {issued.member} by a way that only they read. Afterwards nobody can see it
        again.
      </Notice>
      <Snippet text={issued.token} fold />
      {home === 'installation' ? <ForOwners /> : <ForWorkspace slug={home.slug} />}
      <div className="dialog-foot">
        <Button look="main" onClick={onClose}>
          I have copied it
        </Button>
      </div>
    </>
  )
}

function ForOwners() {
  return (
    <p className="soft">
      It signs in to this dashboard, and stands in <code>Authorization: Bearer …</code> for the admin API. It
      may do everything: keep it in a password manager.
    </p>
  )
}

function ForWorkspace({ slug }: { slug: string }) {
  const url = workspaceUrl(slug)
  return (
    <div className="stack">
      <div className="stack close">
        <h3>On a computer</h3>
        <p className="soft">Asks for the token, and puts it into the keychain of the system.</p>
        <Snippet text={`npx -y --allow-remote=all ${url} login --with-token`} fold />
      </div>
      <div className="stack close">
        <h3>In CI</h3>
        <p className="soft">
          Put the token into a secret variable named <code>MCPGW_TOKEN</code>, and the URL beside it.
        </p>
        <Snippet text={`MCPGW_WORKSPACE=${url}`} fold />
      </div>
      <p className="soft small">
        A client that speaks to the URL itself sends it as <code>Authorization: Bearer …</code>.{' '}
        <Link to="/w/$slug/connect" params={{ slug }}>
          How to connect each client
        </Link>
      </p>
    </div>
  )
}
