import { Link } from '@tanstack/react-router'
import { ScrollText } from 'lucide-react'
import type { AuditSearch } from '../audit/search.ts'

/** To the calls behind a figure. */
export function LogLink({ slug, search, of }: { slug: string; search: AuditSearch; of: string }) {
  return (
    <Link
      to="/w/$slug/audit"
      params={{ slug }}
      search={search}
      className="log-link"
      title="The calls in the log"
      aria-label={`The calls of ${of} in the log`}
    >
      <ScrollText size={16} aria-hidden="true" />
    </Link>
  )
}
