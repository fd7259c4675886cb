import { Link } from '@tanstack/react-router'
import { roleWord } from '../parts/badge.tsx'
import { Card } from '../parts/card.tsx'
import { Empty } from '../parts/empty.tsx'
import { Page } from '../parts/page.tsx'
import { useSession } from './session.tsx'

/** In the place of a page that somebody has the address of and may not use. */
export function NotForYou({ title }: { title: string }) {
  const { role } = useSession()
  return (
    <Page title={title}>
      <Card>
        <Empty title="This page is for others" action={<Link to="/">Go to the start</Link>}>
          Your role here is {roleWord(role)}, and does not include it. An admin can give you a token whose
          role does.
        </Empty>
      </Card>
    </Page>
  )
}
