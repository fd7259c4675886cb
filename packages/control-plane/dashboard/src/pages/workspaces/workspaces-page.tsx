import { Page } from '../../parts/page.tsx'

export function WorkspacesPage() {
  return <Page title="Workspaces">{null}</Page>
}
