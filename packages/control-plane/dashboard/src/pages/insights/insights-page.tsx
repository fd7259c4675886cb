import { Page } from '../../parts/page.tsx'

export function InsightsPage() {
  return <Page title="Insights">{null}</Page>
}
