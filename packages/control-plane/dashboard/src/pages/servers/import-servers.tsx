import './servers.css'
import { useState } from 'react'
import { importServers, previewServerJson } from '../../api/servers.ts'
import type { Imported } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Button } from '../../parts/button.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Field } from '../../parts/fields.tsx'
import type { Added } from './add-server-dialog.tsx'
import { ImportPreview } from './import-preview.tsx'
import { ImportResult } from './import-result.tsx'
import { readServerJson } from './server-json.ts'
import { type Described, ServerJsonForm } from './server-json-form.tsx'

const MAX_BYTES = 1024 * 1024

interface Props {
  slug: string
  /** Of a single server. */
  onAdded: (added: Added) => void
  onClose: () => void
}

/**
 * Pastes a client's configuration whole, or a `server.json`. Its text, with whatever secrets it holds, is in this
 * component alone until it is imported, and never in the cache of queries.
 */
export function ImportServers({ slug, onAdded, onClose }: Props) {
  const [text, setText] = useState('')
  const [versions, setVersions] = useState<Readonly<Record<string, string>>>({})
  const [found, setFound] = useState<Imported>()
  const [described, setDescribed] = useState<Described>()
  const [result, setResult] = useState<Imported>()
  const attempt = useAttempt()
  const refresh = useRefresh()
  const typed = Object.fromEntries(Object.entries(versions).filter(([, version]) => version.trim() !== ''))
  const look = () =>
    attempt.run(async () => {
      const serverJson = readServerJson(text)
      if (serverJson === undefined)
        setFound(await importServers(slug, { text, dryRun: true, versions: typed }))
      else setDescribed({ serverJson, reading: await previewServerJson(slug, serverJson) })
    })
  const add = (choose: readonly string[]) =>
    attempt.run(async () => {
      const imported = await importServers(slug, { text, choose, versions: typed })
      setText('')
      setFound(undefined)
      setResult(imported)
      await refresh(slug)
    })
  if (result !== undefined) return <ImportResult slug={slug} result={result} onClose={onClose} />
  if (described !== undefined)
    return <ServerJsonForm slug={slug} described={described} onAdded={onAdded} onClose={onClose} />
  if (found !== undefined) {
    return (
      <ImportPreview
        found={found}
        attempt={attempt}
        versions={versions}
        onVersions={setVersions}
        onLook={look}
        onAdd={add}
        onBack={() => setFound(undefined)}
      />
    )
  }
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        void look()
      }}
    >
      <ConfigText text={text} onChange={setText} />
      {attempt.error !== undefined && <ErrorNotice error={attempt.error} />}
      <div className="dialog-foot">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="main" busy={attempt.busy} disabled={text.trim() === ''}>
          See what it becomes
        </Button>
      </div>
    </form>
  )
}

function ConfigText({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const [mistake, setMistake] = useState<string>()
  async function take(file: File | undefined): Promise<void> {
    if (file === undefined) return
    const fits = file.size <= MAX_BYTES
    setMistake(fits ? undefined : 'This file is larger than 1 MiB. Paste only the part with the servers.')
    if (fits) onChange(await file.text())
  }
  return (
    <>
      <Field
        label="Configuration"
        hint="Paste the whole file of Claude, Cursor, VS Code, Codex, Zed, goose or another client, only its servers, or a server.json. Secrets in it go into the vault; the rest of it is not kept."
        mistake={mistake}
      >
        {(described) => (
          <textarea
            className="input mono"
            rows={12}
            value={text}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => onChange(event.target.value)}
            {...described}
          />
        )}
      </Field>
      <Field label="Or choose its file">
        {(described) => (
          <input
            type="file"
            className="input"
            accept=".json,.jsonc,.toml,.yaml,.yml,application/json"
            onChange={(event) => {
              void take(event.target.files?.[0])
              // The same file can be chosen again after it was changed.
              event.target.value = ''
            }}
            {...described}
          />
        )}
      </Field>
    </>
  )
}

export interface Attempt {
  busy: boolean
  error: unknown
  run(work: () => Promise<void>): Promise<void>
}

/** Like a mutation of the query cache, which would keep the text that it was given. */
function useAttempt(): Attempt {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  return {
    busy,
    error,
    async run(work) {
      setBusy(true)
      setError(undefined)
      try {
        await work()
      } catch (thrown) {
        setError(thrown)
      } finally {
        setBusy(false)
      }
    },
  }
}
