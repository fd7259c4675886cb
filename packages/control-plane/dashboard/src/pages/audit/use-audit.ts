import { useParams, useSearch } from '@tanstack/react-router'
import { useSession } from '../../shell/session.tsx'
import type { AuditSearch } from './search.ts'

const PAGE = '/inside/w/$slug/audit'

export interface Audit {
  slug: string
  /** Without what chooses the log. */
  filters: AuditSearch
  /** Where the log is, in the admin API. */
  path: readonly string[]
  ofInstallation: boolean
}

/** Which log the address asks for, and which of its rows. */
export function useAudit(): Audit {
  const { slug } = useParams({ from: PAGE })
  const { log, ...filters } = useSearch({ from: PAGE })
  const { role } = useSession()
  const ofInstallation = log === 'installation' && role === 'owner'
  return {
    slug,
    filters,
    ofInstallation,
    path: ofInstallation ? ['audit'] : ['workspaces', slug, 'audit'],
  }
}
