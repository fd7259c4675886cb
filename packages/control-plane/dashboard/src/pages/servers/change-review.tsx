import { TriangleAlert } from 'lucide-react'
import type { Flag, Pin } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Notice } from '../../parts/notice.tsx'
import { Time } from '../../parts/time.tsx'
import { flagWords } from './flag-words.ts'
import { Seen } from './seen.tsx'
import { differenceOf, pathWords } from './seen-text.ts'

interface Props {
  pin: Pin
  held: boolean
  busy: boolean
  onApprove: (hash: string) => void
}

/** What changed in one tool, field by field, and what stands out in it. */
export function ChangeReview({ pin, held, busy, onApprove }: Props) {
  const { tool, pending, approvedAt, approvedBy } = pin
  if (pending === undefined) return null
  return (
    <Card
      title={<code className="wrap">{tool}</code>}
      actions={
        <>
          {held && <Badge tone="warn">Held back</Badge>}
          <Button small look="main" busy={busy} onClick={() => onApprove(pending.hash)}>
            Approve<span className="aside"> the change of {tool}</span>
          </Button>
        </>
      }
    >
      <p className="soft small">
        Changed <Time at={pending.since} />. Approved before that: <Time at={approvedAt} />,{' '}
        {approvedBy === 'first sight' ? 'at first sight' : `by ${approvedBy}`}.
      </p>
      {pending.flags.length > 0 && <Flags flags={pending.flags} />}
      <dl className="changes">
        {pending.changes.map(({ path, before, after }) => (
          <div key={path} className="change-field">
            <dt className="strong wrap">
              <Seen text={pathWords(path)} />
            </dt>
            <dd>
              <BeforeAfter before={before} after={after} />
            </dd>
          </div>
        ))}
      </dl>
    </Card>
  )
}

function Flags({ flags }: { flags: readonly Flag[] }) {
  return (
    <Notice tone="bad" title="Look at this twice">
      <ul className="names">
        {flags.map(({ kind, path, found }) => (
          <li key={`${kind} ${path}`}>
            <TriangleAlert size={14} aria-hidden="true" /> {flagWords(kind)} In{' '}
            <Seen text={pathWords(path)} />:{' '}
            <q className="mono wrap">
              <Seen text={found} />
            </q>
          </li>
        ))}
      </ul>
    </Notice>
  )
}

function BeforeAfter({ before, after }: { before: unknown; after: unknown }) {
  const [old, fresh] = [shown(before), shown(after)]
  const { start, before: gone, after: added, end } = differenceOf(old ?? '', fresh ?? '')
  return (
    <div className="before-after">
      <Side label="Before" text={old} {...{ start, end }} middle={gone} mark="gone" />
      <Side label="After" text={fresh} {...{ start, end }} middle={added} mark="added" />
    </div>
  )
}

function shown(value: unknown): string | undefined {
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}

interface SideProps {
  label: string
  text: string | undefined
  start: string
  middle: string
  end: string
  mark: 'gone' | 'added'
}

function Side({ label, text, start, middle, end, mark }: SideProps) {
  const Mark = mark === 'gone' ? 'del' : 'ins'
  return (
    <div className={`side ${mark}`}>
      <span className="soft small">{label}</span>
      {text === undefined ? (
        <p className="soft">{mark === 'gone' ? 'Was not there' : 'Is gone'}</p>
      ) : (
        <pre className="wrap">
          <Seen text={start} />
          {middle !== '' && (
            <Mark>
              <Seen text={middle} />
            </Mark>
          )}
          <Seen text={end} />
        </pre>
      )}
    </div>
  )
}
