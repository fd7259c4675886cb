import { Link } from '@tanstack/react-router'
import type { LogRowDetail } from '../../api/shapes.ts'
import { Card } from '../../parts/card.tsx'
import { Snippet } from '../../parts/snippet.tsx'
import { useMay } from '../../shell/session.tsx'

/** What is kept of a call beside the row: what it said and what it was told. */
export function KeptContent({ slug, row: { content, contentDigest } }: { slug: string; row: LogRowDetail }) {
  if (content === null) return <NotKept slug={slug} kept={contentDigest !== null} />
  return (
    <div className="columns">
      <KeptText title="Arguments" {...content.arguments} />
      <KeptText title="Result" {...content.result} />
    </div>
  )
}

function KeptText({ title, text, cut }: { title: string; text: string; cut: boolean }) {
  return (
    <Card title={title}>
      {text === '' ? <p className="soft">Empty</p> : <Snippet text={cut ? text : laidOut(text)} fold />}
      {cut && <p className="soft small">It was longer: what is above is the beginning.</p>}
    </Card>
  )
}

/** Numbers that a browser would round are left as they were written, and with them all of the text. */
const LONG_NUMBER = /\d{16}/

function laidOut(text: string): string {
  if (LONG_NUMBER.test(text)) return text
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

function NotKept({ slug, kept }: { slug: string; kept: boolean }) {
  const may = useMay()
  return (
    <Card title="Arguments and result">
      <p className="soft">
        {kept
          ? 'They were kept, and your token may not read them.'
          : 'They were not kept: this workspace does not, or did not then.'}{' '}
        {!kept && may('workspace.update') && (
          <Link to="/w/$slug/settings" params={{ slug }}>
            Settings
          </Link>
        )}
      </p>
    </Card>
  )
}
