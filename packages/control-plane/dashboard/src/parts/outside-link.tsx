import { ExternalLink } from 'lucide-react'
import type { ReactNode } from 'react'

/** Opens in a window of its own, which learns nothing of this one. */
export function OutsideLink({ to, children }: { to: string; children: ReactNode }) {
  return (
    <a href={to} target="_blank" rel="noreferrer">
      {children} <ExternalLink size={12} aria-hidden="true" />
    </a>
  )
}
