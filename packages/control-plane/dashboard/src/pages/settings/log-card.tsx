import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { logQuery } from '../../api/queries.ts'
import { ask } from '../../api/request.ts'
import { type Verdict, verdictShape } from '../../api/shapes.ts'
import { count } from '../../format/numbers.ts'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Notice } from '../../parts/notice.tsx'
import { Skeleton } from '../../parts/skeleton.tsx'
import { Time } from '../../parts/time.tsx'

/** How much there is in the log, and whether it is as it was written. */
export function LogCard({ slug }: { slug: string }) {
  const newest = useQuery(logQuery(slug, { limit: 1 }))
  const verify = useMutation({
    mutationFn: () => ask(verdictShape, ['workspaces', slug, 'audit', 'verify']),
  })
  return (
    <Card
      title="The log"
      actions={
        <Button small busy={verify.isPending} onClick={() => verify.mutate()}>
          Verify the whole log
        </Button>
      }
    >
      {newest.isError && <ErrorNotice error={newest.error} />}
      {newest.data === undefined && !newest.isError && <Skeleton height="1.5rem" />}
      {newest.data !== undefined && <Written slug={slug} newest={newest.data.items[0]} />}
      {verify.isError && <ErrorNotice error={verify.error} />}
      {verify.data !== undefined && <Found {...verify.data} />}
    </Card>
  )
}

function Written({ slug, newest }: { slug: string; newest: { seq: number; time: string } | undefined }) {
  if (newest === undefined) return <p className="soft">Nothing has been logged yet.</p>
  return (
    <p>
      {newest.seq === 1 ? '1 row was' : `${count(newest.seq)} rows were`} written since the workspace was
      made, the last one <Time at={newest.time} />.{' '}
      <Link to="/w/$slug/audit" params={{ slug }}>
        Read the log
      </Link>
    </p>
  )
}

function Found({ ok, rows = 0, pruned = 0, firstBadSeq, reason }: Verdict) {
  if (ok) {
    return (
      <Notice tone="good" title="The log is as it was written">
        {count(rows)} rows were read, none is changed, missing or in another order.
        {pruned > 0 && ` ${count(pruned)} were pruned before, as their signed records say.`}
      </Notice>
    )
  }
  return (
    <Notice tone="bad" title="The log is not as it was written">
      {firstBadSeq !== undefined && `It is right up to row ${count(firstBadSeq - 1)}. `}
      {reason}
      <p>
        Keep the database as it is, compare it with your backups and checkpoints, and find out who could write
        it.
      </p>
    </Notice>
  )
}
