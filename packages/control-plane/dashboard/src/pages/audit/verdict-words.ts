import type { Verdict } from '../../api/shapes.ts'
import { count } from '../../format/numbers.ts'

export interface VerdictWords {
  ok: boolean
  title: string
  meaning: string
}

const MEANING: Record<string, string> = {
  missing: 'A row that was written here is gone. Somebody, or something, took it out of the database.',
  changed: 'This row, or its place in the order, is not what was written. It was changed in the database.',
  content_changed: 'What was kept of this call’s arguments and result is not what was written, or gone.',
  segment_forged: 'Rows are said to be pruned by retention that this gateway did not prune.',
  not_in_head: 'There are rows behind the recorded end of the log.',
  checkpoint_forged: 'This installation did not sign the checkpoint.',
  checkpoint_differs: 'The log was rewritten since the checkpoint was taken.',
}

const WHAT_NEXT = 'Keep the database as it is, compare it with a backup, and find out who had access to it.'

/** What looking through the log found, and what that means. */
export function verdictWords({ ok, rows, pruned = 0, firstBadSeq, reason = '' }: Verdict): VerdictWords {
  if (ok) {
    const gone =
      pruned === 0 ? '' : ` ${count(pruned)} older ones were pruned by retention, and that is sealed.`
    return {
      ok,
      title: rows === undefined ? 'The log is sound' : `All ${count(rows)} rows are sound`,
      meaning: `Each is as it was written, in its place, and none is missing between them.${gone}`,
    }
  }
  return {
    ok,
    title:
      firstBadSeq === undefined
        ? 'The log is not sound'
        : `Row ${firstBadSeq} is the first that is not sound`,
    meaning: `${MEANING[reason] ?? `The control plane says: ${reason}.`} ${WHAT_NEXT}`,
  }
}
