import { Page } from '../../parts/page.tsx'

export function EveryMemberPage() {
  return <Page title="Members">{null}</Page>
}
