import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError } from '../../api/api-error.ts'
import { tell } from '../../api/request.ts'
import { type CatalogSource, catalogSourceShape } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Choices, TextArea, TextField } from '../../parts/fields.tsx'
import { Notice } from '../../parts/notice.tsx'

type Kind = 'registry' | 'given'

/** A catalog of one's own: the address of a registry, or its entries pasted or out of a file. */
export function PutCatalogDialog({ onClose }: { onClose: () => void }) {
  const [kind, setKind] = useState<Kind>('registry')
  const [name, setName] = useState('')
  const [url, setUrl] = useState('')
  const [text, setText] = useState('')
  const [made, setMade] = useState<CatalogSource>()
  const refresh = useRefresh()
  const put = useMutation({
    async mutationFn() {
      const body = kind === 'registry' ? { url: url.trim() } : { entries: entriesIn(text) }
      const source = await tell('PUT', catalogSourceShape, ['catalogs', name.trim()], body)
      await refresh()
      return source
    },
    onSuccess: (source) => (source.problem === undefined ? onClose() : setMade(source)),
  })
  if (made?.problem !== undefined)
    return (
      <Dialog title={`${made.title} is there, and has nothing yet`} onClose={onClose}>
        <Notice tone="warn" title={made.problem.message}>
          {made.problem.fix} It is tried again every hour.
        </Notice>
        <div className="dialog-foot">
          <Button look="main" onClick={onClose}>
            Keep it and close
          </Button>
        </div>
      </Dialog>
    )
  return (
    <Dialog title="Add a catalog" wide onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          put.mutate()
        }}
      >
        <TextField
          label="Name"
          hint={`Lower-case letters, digits and "-". It stands in front of its servers' ids, as in ${name.trim() === '' ? 'name' : name.trim()}.tickets; one of the same name is replaced.`}
          value={name}
          onChange={setName}
          maxLength={32}
          autoComplete="off"
          spellCheck={false}
          required
        />
        <Choices<Kind>
          legend="Where its servers come from"
          value={kind}
          onChange={setKind}
          options={[
            {
              value: 'registry',
              label: 'A registry',
              hint: 'Fetched once an hour from its address (GET /v0.1/servers).',
            },
            { value: 'given', label: 'A file', hint: 'One server.json, or a list of them.' },
          ]}
        />
        {kind === 'registry' ? (
          <TextField
            label="Address"
            value={url}
            onChange={setUrl}
            placeholder="https://registry.example.com"
            inputMode="url"
            autoComplete="off"
            spellCheck={false}
            maxLength={2048}
            required
          />
        ) : (
          <>
            <label className="field">
              <span className="label">Choose a file, or paste its text</span>
              <input
                type="file"
                accept=".json,application/json"
                onChange={async (event) => setText((await event.target.files?.[0]?.text()) ?? '')}
              />
            </label>
            <TextArea label="Servers, as JSON" rows={10} mono value={text} onChange={setText} />
          </>
        )}
        {put.isError && <ErrorNotice error={put.error} />}
        <div className="dialog-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="main" busy={put.isPending}>
            {kind === 'registry' ? 'Add and fetch' : 'Add'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

/** One entry, a list of them, or a file as the built-in catalog has them. */
function entriesIn(text: string): unknown[] {
  const json = parse(text)
  if (Array.isArray(json)) return json
  if (typeof json === 'object' && json !== null && 'entries' in json && Array.isArray(json.entries))
    return json.entries
  return [json]
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ApiError(
      400,
      'invalid_request',
      'This is not JSON.',
      'Paste the whole file, from its first { or [.',
    )
  }
}
