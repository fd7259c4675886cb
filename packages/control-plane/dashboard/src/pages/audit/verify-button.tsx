import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { ask } from '../../api/request.ts'
import { type Verdict, verdictShape } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Notice } from '../../parts/notice.tsx'
import { useAudit } from './use-audit.ts'
import { verdictWords } from './verdict-words.ts'

/** Looks through the whole log for rows that were changed, taken out or put elsewhere. */
export function VerifyButton() {
  const { path } = useAudit()
  const [open, setOpen] = useState(false)
  const verify = useMutation({ mutationFn: () => ask(verdictShape, [...path, 'verify']) })
  return (
    <>
      <Button
        busy={verify.isPending}
        onClick={() => verify.mutate(undefined, { onSettled: () => setOpen(true) })}
      >
        {!verify.isPending && <ShieldCheck size={16} aria-hidden="true" />}
        {verify.isPending ? 'Looking through all rows' : 'Verify'}
      </Button>
      {open && (
        <Dialog title="Is the log sound?" onClose={() => setOpen(false)}>
          {verify.isError && <ErrorNotice error={verify.error} />}
          {verify.data !== undefined && <VerdictNotice verdict={verify.data} />}
          <p className="soft small">
            Each row carries a hash of itself and of the row before it. Whether rows are missing at the very
            end, only checkpoints that were kept elsewhere can tell.
          </p>
          <div className="dialog-foot">
            <Button onClick={() => setOpen(false)}>Close</Button>
          </div>
        </Dialog>
      )}
    </>
  )
}

function VerdictNotice({ verdict }: { verdict: Verdict }) {
  const { slug, ofInstallation } = useAudit()
  const { ok, title, meaning } = verdictWords(verdict)
  const { firstBadSeq } = verdict
  return (
    <Notice tone={ok ? 'good' : 'bad'} title={title}>
      <p>{meaning}</p>
      {firstBadSeq !== undefined && !ofInstallation && (
        <p>
          <Link to="/w/$slug/audit/$seq" params={{ slug, seq: String(firstBadSeq) }}>
            Look at row {firstBadSeq}
          </Link>
        </p>
      )}
    </Notice>
  )
}
