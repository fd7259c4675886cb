import { Link } from '@tanstack/react-router'
import type { Server } from '../../api/shapes.ts'
import { Badge, StatusBadge } from '../../parts/badge.tsx'
import { ButtonLink } from '../../parts/button.tsx'
import { useMay } from '../../shell/session.tsx'

/** A server that is not well: why, what helps, and where. */
export function TroubledServer({ slug, server }: { slug: string; server: Server }) {
  const { name, status, error, changedTools } = server
  return (
    <li className="row apart top">
      <div className="stack close">
        <div className="row">
          <Link to="/w/$slug/servers/$server" params={{ slug, server: name }} className="strong wrap">
            {name}
          </Link>
          {status !== 'ready' && <StatusBadge status={status} />}
          {changedTools > 0 && <Badge tone="warn">Tools changed</Badge>}
        </div>
        {error !== undefined && (
          <p className="wrap">
            {error.message} {error.fix !== undefined && <span className="soft">{error.fix}</span>}
          </p>
        )}
        {changedTools > 0 && (
          <p>
            {changedTools === 1 ? '1 tool is' : `${changedTools} tools are`} described differently than when
            approved. <span className="soft">Read what changed before agents do.</span>
          </p>
        )}
      </div>
      <MendLink slug={slug} server={server} />
    </li>
  )
}

function MendLink({ slug, server: { name, status } }: { slug: string; server: Server }) {
  const may = useMay()
  if (status === 'needs_credential' && may('credential.write')) {
    return (
      <ButtonLink small to="/w/$slug/credentials" params={{ slug }}>
        Set the credential
      </ButtonLink>
    )
  }
  return (
    <ButtonLink small to="/w/$slug/servers/$server" params={{ slug, server: name }}>
      {status === 'needs_login' ? 'Log in' : 'Look into it'}
    </ButtonLink>
  )
}
