import { useState } from 'react'
import type { Server } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Notice } from '../../parts/notice.tsx'
import { CheckedServer } from '../servers/checked-server.tsx'
import { CredentialForm } from './credential-form.tsx'
import { versionOf } from './credential-state.ts'

/** Sets or rotates a credential, and stays to say whether the new values work. */
export function SetCredentialDialog({
  slug,
  server,
  onClose,
}: {
  slug: string
  server: Server
  onClose: () => void
}) {
  const [outcome, setOutcome] = useState<{ server: Server; warning: string | undefined }>()
  // As it was when the dialog opened: afterwards every credential has a version.
  const [title] = useState(
    `${versionOf(server) === null ? 'Set' : 'Rotate'} the credential of ${server.name}`,
  )
  return (
    <Dialog title={title} onClose={onClose}>
      {outcome === undefined ? (
        <CredentialForm
          slug={slug}
          server={server}
          onChecked={(checked, warning) => setOutcome({ server: checked, warning })}
        />
      ) : (
        <>
          <Notice tone="good" title="Saved">
            Version {versionOf(outcome.server) ?? 1} is in use from the next call on.
          </Notice>
          {outcome.warning !== undefined && <Notice tone="warn">{outcome.warning}</Notice>}
          <CheckedServer slug={slug} server={outcome.server} />
          <div className="dialog-foot">
            {outcome.server.status !== 'ready' && (
              <Button look="main" onClick={() => setOutcome(undefined)}>
                Set it again
              </Button>
            )}
            <Button look={outcome.server.status === 'ready' ? 'main' : 'plain'} onClick={onClose}>
              Done
            </Button>
          </div>
        </>
      )}
    </Dialog>
  )
}
