import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { LogRow } from '../../api/shapes.ts'
import { count } from '../../format/numbers.ts'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Skeleton } from '../../parts/skeleton.tsx'
import { Table } from '../../parts/table.tsx'
import { logColumns } from './log-columns.tsx'
import { logPages } from './log-pages.ts'
import { RowDialog } from './row-dialog.tsx'
import { useAudit } from './use-audit.ts'

/** The rows that are looked for, newest first, and older ones on demand. */
export function AuditTable() {
  const { slug, path, filters, ofInstallation } = useAudit()
  const pages = useInfiniteQuery(logPages(path, filters))
  const [opened, setOpened] = useState<LogRow>()
  if (pages.isPending) return <Skeleton height="30rem" />
  if (pages.data === undefined) return <ErrorNotice error={pages.error} retry={() => void pages.refetch()} />
  const rows = pages.data.pages.flatMap(({ items }) => items)
  return (
    <Card flush>
      <Table
        caption="Rows of the log, newest first"
        columns={logColumns(ofInstallation ? { onOpen: setOpened } : { slug })}
        rows={rows}
        keyOf={({ seq }) => seq}
        empty={<NoRows filtered={Object.keys(filters).length > 0} />}
      />
      {rows.length > 0 && (
        <div className="row apart table-foot">
          <span className="soft small number">
            {rows.length === 1 ? '1 row' : `${count(rows.length)} rows`}
            {!pages.hasNextPage && ', that is all'}
          </span>
          {pages.hasNextPage && (
            <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
              Older
            </Button>
          )}
        </div>
      )}
      {pages.isFetchNextPageError && <ErrorNotice error={pages.error} />}
      {opened !== undefined && <RowDialog row={opened} onClose={() => setOpened(undefined)} />}
    </Card>
  )
}

function NoRows({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <Empty title="Nothing like that in the log">Look for less, or over a longer time.</Empty>
  ) : (
    <Empty title="The log is empty">Every call and every change appears here, and stays.</Empty>
  )
}
