import './audit.css'
import { ChoiceLink } from '../../parts/choice-link.tsx'
import { Page } from '../../parts/page.tsx'
import { useMay, useSession } from '../../shell/session.tsx'
import { AuditFilters } from './audit-filters.tsx'
import { AuditTable } from './audit-table.tsx'
import { ExportButton } from './export-button.tsx'
import { useAudit } from './use-audit.ts'
import { VerifyButton } from './verify-button.tsx'

export function AuditPage() {
  const may = useMay()
  const { role } = useSession()
  const { ofInstallation, path } = useAudit()
  return (
    <Page
      title="Audit"
      lead={leadOf(may('audit.read-all'), ofInstallation)}
      actions={
        <>
          {may('audit.read-all') && !ofInstallation && <ExportButton />}
          {may('audit.verify') && <VerifyButton key={path.join('/')} />}
        </>
      }
    >
      {role === 'owner' && <LogChoice ofInstallation={ofInstallation} />}
      <AuditFilters />
      <AuditTable />
    </Page>
  )
}

function leadOf(all: boolean, ofInstallation: boolean): string {
  if (ofInstallation) return 'What owners did that belongs to no workspace, such as issuing owner tokens.'
  return all
    ? 'Every call, allowed or refused, and every change that people made.'
    : 'Your own calls, allowed or refused.'
}

/** Owners have two logs to look at. */
function LogChoice({ ofInstallation }: { ofInstallation: boolean }) {
  const { slug } = useAudit()
  const to = { to: '/w/$slug/audit', params: { slug } } as const
  return (
    <nav className="segments log-choice" aria-label="Which log">
      <ChoiceLink {...to} search={{}} current={!ofInstallation}>
        This workspace
      </ChoiceLink>
      <ChoiceLink {...to} search={{ log: 'installation' }} current={ofInstallation}>
        Installation
      </ChoiceLink>
    </nav>
  )
}
