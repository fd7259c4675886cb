import { useEffect, useRef } from 'react'
import type { Imported } from '../../api/shapes.ts'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { Notice } from '../../parts/notice.tsx'
import { Snippet } from '../../parts/snippet.tsx'
import { Headline } from './import-preview.tsx'

interface Props {
  slug: string
  result: Imported
  onClose: () => void
}

/** What was added, and what to do in the file now: the secrets are still in it. */
export function ImportResult({ slug, result: { items, replacement }, onClose }: Props) {
  const top = useRef<HTMLDivElement>(null)
  // The button that had the focus is gone.
  useEffect(() => top.current?.focus(), [])
  const added = items.filter(({ outcome }) => outcome === 'added')
  const refused = items.filter(({ outcome }) => outcome === 'refused')
  const obsolete = items.filter((item) => item.obsolete)
  const missing = added.filter((item) => item.missing.length > 0)
  return (
    <div className="stack" ref={top} tabIndex={-1} aria-live="polite">
      <Notice tone={added.length > 0 ? 'good' : 'warn'} title={addedWords(added.length)}>
        {added.length > 0 && 'They connect now; their tools appear in every connected client by themselves.'}
      </Notice>
      {missing.length > 0 && (
        <Notice tone="warn" title="Some values were not in the file">
          {missing.map(({ ref, name, missing: names }) => (
            <p key={ref}>
              Set {names.join(', ')} of {name}.
            </p>
          ))}
        </Notice>
      )}
      {refused.length > 0 && (
        <ul className="plain stack close" aria-label="Not added">
          {refused.map((item) => (
            <li key={item.ref} className="import-item">
              <Headline item={item} />
              <span className="small soft">
                {item.reason} {item.fix}
              </span>
            </li>
          ))}
        </ul>
      )}
      {obsolete.length > 0 && (
        <section className="stack close">
          <h3>Delete these from your file</h3>
          <p className="soft small">Their secrets still stand there. The gateway has them now.</p>
          <ul className="names" aria-label="Delete these from your file">
            {obsolete.map(({ ref, path }) => (
              <li key={ref}>
                <code className="wrap">{path.join(' › ')}</code>
              </li>
            ))}
          </ul>
          <h3>Put this in their place</h3>
          <p className="soft small">
            One entry for the whole workspace, without a secret. The Connect page says how to log in.
          </p>
          <Snippet text={replacement.text} />
        </section>
      )}
      <div className="dialog-foot">
        {missing.length > 0 && (
          <ButtonLink to="/w/$slug/credentials" params={{ slug }}>
            Set the missing values
          </ButtonLink>
        )}
        <Button look="main" onClick={onClose}>
          Done
        </Button>
      </div>
    </div>
  )
}

function addedWords(count: number): string {
  if (count === 0) return 'Nothing was added'
  return count === 1 ? '1 server is added' : `${count} servers are added`
}
