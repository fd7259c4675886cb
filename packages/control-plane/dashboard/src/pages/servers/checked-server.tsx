import './servers.css'
import { useQuery } from '@tanstack/react-query'
import { serverToolsQuery } from '../../api/queries.ts'
import type { Server } from '../../api/shapes.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { Notice } from '../../parts/notice.tsx'

/** What a check found: the tools, or what is wrong and how to mend it. */
export function CheckedServer({ slug, server }: { slug: string; server: Server }) {
  const { name, status, error, tools, warning } = server
  return (
    <div className="stack" aria-live="polite">
      {status === 'ready' ? (
        <>
          <Notice tone="good" title={`${name} answers`}>
            {tools === 0 ? 'It offers no tools.' : `It offers ${tools} ${tools === 1 ? 'tool' : 'tools'}.`}
          </Notice>
          {tools > 0 && <FoundTools slug={slug} server={name} />}
        </>
      ) : status === 'connecting' ? (
        <Notice title={`Meeting ${name}`}>
          {server.progress ??
            (server.kind === 'hosted'
              ? 'Its package is installed and started. This can take a minute; you can close this and look later.'
              : 'It has not answered yet. You can close this and look later.')}
        </Notice>
      ) : (
        <Notice
          tone={status === 'failing' ? 'bad' : 'warn'}
          title={error?.message ?? `${name} is not ready yet.`}
        >
          {error?.fix ?? 'Check it again in a moment.'}
        </Notice>
      )}
      {warning !== undefined && <Notice tone="warn">{warning}</Notice>}
    </div>
  )
}

function FoundTools({ slug, server }: { slug: string; server: string }) {
  const tools = useQuery(serverToolsQuery(slug, server))
  return (
    <Loaded query={tools} height="4rem">
      {({ items }) => (
        <ul className="plain found-tools" aria-label="Tools found">
          {items.map(({ tool }) => (
            <li key={tool}>{tool}</li>
          ))}
        </ul>
      )}
    </Loaded>
  )
}
