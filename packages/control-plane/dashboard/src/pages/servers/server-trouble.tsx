import type { Server } from '../../api/shapes.ts'
import { ButtonLink } from '../../parts/button.tsx'
import { Notice } from '../../parts/notice.tsx'
import { useMay } from '../../shell/session.tsx'

/** Why a server cannot be used as it should, and the way to mend it. Nothing for one that is well. */
export function ServerTrouble({ slug, server }: { slug: string; server: Server }) {
  const may = useMay()
  const { name, status, error } = server
  if (error === undefined) return null
  const wantsCredential = status === 'needs_credential' || error.code === 'credential_unreadable'
  return (
    <Notice tone={status === 'failing' ? 'bad' : 'warn'} title={error.message}>
      {error.fix !== undefined && <p>{error.fix}</p>}
      {wantsCredential && may('credential.write') && (
        <p>
          <ButtonLink small to="/w/$slug/credentials" params={{ slug }} search={{ server: name }}>
            Set the credential
          </ButtonLink>
        </p>
      )}
    </Notice>
  )
}
