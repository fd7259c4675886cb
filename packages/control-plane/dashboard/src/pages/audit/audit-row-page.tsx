import { Page } from '../../parts/page.tsx'

export function AuditRowPage() {
  return <Page title="Row">{null}</Page>
}
