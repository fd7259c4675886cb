import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { InsightsSearch } from './search.ts'

/** The same page for less: one server, one tool, one caller. */
export function NarrowLink({ to, children }: { to: InsightsSearch; children: ReactNode }) {
  return (
    <Link
      to="/w/$slug/insights"
      from="/w/$slug/insights"
      search={(before: InsightsSearch) => ({ ...before, ...to })}
      resetScroll={false}
      className="narrow-link"
      title="Show only this"
    >
      {children}
    </Link>
  )
}
