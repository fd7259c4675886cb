import type { LogRow } from '../../api/shapes.ts'
import { OutcomeBadge } from '../../parts/badge.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Snippet } from '../../parts/snippet.tsx'
import { Time } from '../../parts/time.tsx'
import { deedWords } from './deed-words.ts'

/** A row of the installation's log: its rows have no page of their own. */
export function RowDialog({ row, onClose }: { row: LogRow; onClose: () => void }) {
  return (
    <Dialog title={`Row ${row.seq}`} onClose={onClose}>
      <p className="wrap">
        <strong>{row.member}</strong> {deedWords(row)}, <Time at={row.time} as="second" />{' '}
        <OutcomeBadge outcome={row.outcome} reason={row.reason} />
      </p>
      <Snippet text={JSON.stringify(row, null, 2)} fold />
    </Dialog>
  )
}
