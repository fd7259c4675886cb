import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { serverUpdateQuery } from '../../api/queries.ts'
import { updateServer } from '../../api/servers.ts'
import type { Server, ServerUpdate } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Notice } from '../../parts/notice.tsx'
import { useMay } from '../../shell/session.tsx'
import { filledValues, NeedFields } from './need-fields.tsx'
import { Seen } from './seen.tsx'

/** That the catalog has something newer, for those who can take it over. */
export function UpdateNotice({ slug, server }: { slug: string; server: Server }) {
  const may = useMay()
  const [looking, setLooking] = useState(false)
  const { update } = server
  if (update === undefined || !may('server.write')) return null
  return (
    <>
      <Notice title={`The catalog has ${update.to}; this server is at ${update.from}`}>
        <p>
          <Button small onClick={() => setLooking(true)}>
            See what would change
          </Button>
        </p>
      </Notice>
      {looking && <UpdateDialog slug={slug} name={server.name} onClose={() => setLooking(false)} />}
    </>
  )
}

function UpdateDialog({ slug, name, onClose }: { slug: string; name: string; onClose: () => void }) {
  const update = useQuery(serverUpdateQuery(slug, name))
  return (
    <Dialog title={`Update ${name}`} wide onClose={onClose}>
      {update.isPending && (
        <p className="soft" aria-live="polite">
          The new version is started beside the old one, to compare their tools. Nobody else sees it.
        </p>
      )}
      <Loaded query={update} height="10rem">
        {(loaded) => <UpdateForm slug={slug} name={name} update={loaded} onClose={onClose} />}
      </Loaded>
    </Dialog>
  )
}

interface FormProps {
  slug: string
  name: string
  update: ServerUpdate
  onClose: () => void
}

function UpdateForm({ slug, name, update, onClose }: FormProps) {
  const [values, setValues] = useState<Record<string, string>>({})
  const refresh = useRefresh()
  const apply = useMutation({
    async mutationFn() {
      await updateServer(slug, name, filledValues(update.needs, values))
      await refresh(slug)
    },
    onSuccess: onClose,
  })
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        apply.mutate()
      }}
    >
      <p>
        From <code className="wrap">{update.from}</code> to <code className="wrap">{update.to}</code>.
        {update.needs.some(({ isSecret }) => isSecret)
          ? 'Settings and values stay; the credential is given again.'
          : 'Settings, values and credential stay.'}
      </p>
      {update.tools === null ? (
        <Notice tone="warn" title={update.reason?.message ?? 'The tools could not be compared.'}>
          {update.reason?.fix}
        </Notice>
      ) : (
        <ToolChanges tools={update.tools} />
      )}
      <NeedFields
        needs={update.needs}
        values={values}
        onChange={(need, value) => setValues({ ...values, [need]: value })}
      />
      {apply.isError && <ErrorNotice error={apply.error} />}
      <div className="dialog-foot">
        <Button onClick={onClose}>Not now</Button>
        <Button type="submit" look="main" busy={apply.isPending}>
          {apply.isPending ? 'Updating and checking' : 'Update'}
        </Button>
      </div>
    </form>
  )
}

function ToolChanges({ tools }: { tools: NonNullable<ServerUpdate['tools']> }) {
  const { added, removed, changed, unchanged } = tools
  const isSame = added.length + removed.length + changed.length === 0
  return (
    <div className="stack close">
      {isSame && <Notice tone="good">All {unchanged} tools stay as they are.</Notice>}
      {added.map(({ tool, description }) => (
        <div key={tool}>
          <Badge tone="good">New</Badge> <code>{tool}</code>
          {description !== null && (
            <div className="soft small">
              <Seen text={description} />
            </div>
          )}
        </div>
      ))}
      {removed.map((tool) => (
        <div key={tool}>
          <Badge tone="bad">Gone</Badge> <code>{tool}</code>
        </div>
      ))}
      {changed.map(({ tool, changes }) => (
        <details className="disclosure" key={tool}>
          <summary>
            <Badge tone="warn">Changed</Badge> <code>{tool}</code>
          </summary>
          <dl className="facts">
            {changes.map(({ path, before, after }) => (
              <div key={path}>
                <dt>{path}</dt>
                <dd className="wrap">
                  {shown(before)} → {shown(after)}
                </dd>
              </div>
            ))}
          </dl>
        </details>
      ))}
      {!isSame && unchanged > 0 && <p className="soft small">{unchanged} more stay as they are.</p>}
    </div>
  )
}

function shown(value: unknown) {
  if (value === undefined) return <span className="soft">nothing</span>
  return <Seen text={typeof value === 'string' ? value : JSON.stringify(value)} />
}
