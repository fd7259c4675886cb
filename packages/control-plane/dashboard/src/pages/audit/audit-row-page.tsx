import './audit.css'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { RotateCw } from 'lucide-react'
import { logRowQuery } from '../../api/queries.ts'
import type { LogRowDetail } from '../../api/shapes.ts'
import { ButtonLink } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Page } from '../../parts/page.tsx'
import { Snippet } from '../../parts/snippet.tsx'
import { useMay } from '../../shell/session.tsx'
import { KeptContent } from './kept-content.tsx'
import { LatencySplit } from './latency-split.tsx'
import { RowFacts } from './row-facts.tsx'

export function AuditRowPage() {
  const { slug, seq } = useParams({ from: '/inside/w/$slug/audit/$seq' })
  const row = useQuery(logRowQuery(slug, Number(seq)))
  return (
    <Page
      title={`Row ${seq}`}
      lead={
        <Link to="/w/$slug/audit" params={{ slug }}>
          Audit
        </Link>
      }
      actions={row.data !== undefined && <Again slug={slug} row={row.data} />}
    >
      <Loaded query={row} height="24rem">
        {(data) => <Row slug={slug} row={data} />}
      </Loaded>
    </Page>
  )
}

/** A call can be made again; a change by a person cannot. */
function Again({ slug, row }: { slug: string; row: LogRowDetail }) {
  const may = useMay()
  if (row.method !== 'tools/call' || row.shownAs === null || !may('tool.use')) return null
  return (
    <ButtonLink to="/w/$slug/playground" params={{ slug }} search={{ tool: row.shownAs }}>
      <RotateCw size={16} aria-hidden="true" />
      Call it again
    </ButtonLink>
  )
}

function Row({ slug, row }: { slug: string; row: LogRowDetail }) {
  return (
    <>
      <RowFacts slug={slug} row={row} />
      {row.kind === 'call' && <LatencySplit row={row} />}
      {row.kind === 'call' && <KeptContent slug={slug} row={row} />}
      <Card>
        <details className="disclosure">
          <summary>As JSON</summary>
          <Snippet text={JSON.stringify(row, null, 2)} />
        </details>
      </Card>
    </>
  )
}
