import type { Server } from '../../api/shapes.ts'
import { ButtonLink } from '../../parts/button.tsx'
import { Notice } from '../../parts/notice.tsx'
import { useMay } from '../../shell/session.tsx'

/** Whether a credential is what it lacks, or what it did not accept. */
export function wantsCredential({ status, error }: Server): boolean {
  if (status === 'needs_login') return false
  return status === 'needs_credential' || /credential/i.test(error?.fix ?? '')
}

/** Why a server cannot be used as it should, or not yet, and the way to mend it. Nothing for one that is well. */
export function ServerTrouble({ slug, server }: { slug: string; server: Server }) {
  const may = useMay()
  const { name, status, error, progress } = server
  if (error === undefined) return progress === undefined ? null : <Notice title={progress} />
  return (
    <Notice tone={status === 'failing' ? 'bad' : 'warn'} title={error.message}>
      {error.fix !== undefined && <p>{error.fix}</p>}
      {wantsCredential(server) && may('credential.write') && (
        <p>
          <ButtonLink small to="/w/$slug/credentials" params={{ slug }} search={{ server: name }}>
            Set the credential
          </ButtonLink>
        </p>
      )}
    </Notice>
  )
}
