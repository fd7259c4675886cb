import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { previewApi } from '../../api/servers.ts'
import type { ApiReading } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Field, SecretField, TextArea, TextField } from '../../parts/fields.tsx'
import { Notice } from '../../parts/notice.tsx'
import { type ApiDraft, chosenOf, EMPTY_API, nameFromTitle, namesAskedBy } from './api-draft.ts'
import { ApiOperations } from './api-operations.tsx'
import type { Place } from './new-server.ts'
import { NameField } from './remote-server-form.tsx'

interface Props {
  slug: string
  draft: ApiDraft
  onChange: (draft: ApiDraft) => void
  mistakes: Partial<Record<Place, string>>
}

/** First the document; then what is in it to choose from. */
export function ApiServerForm({ slug, draft, onChange, mistakes }: Props) {
  const { reading } = draft
  if (reading === undefined) return <ApiDocument slug={slug} draft={draft} onChange={onChange} />
  const set = (change: Partial<ApiDraft>) => onChange({ ...draft, ...change })
  return (
    <>
      <div className="row">
        <strong>{reading.title}</strong>
        <Button small look="quiet" onClick={() => onChange({ ...EMPTY_API, document: draft.document })}>
          Another document
        </Button>
      </div>
      <TextField
        label="Base address"
        hint="The paths of the document are appended to it, such as https://api.example.com/v1"
        value={draft.url}
        onChange={(url) => set({ url })}
        mistake={mistakes.url}
        inputMode="url"
        autoComplete="off"
        spellCheck={false}
        maxLength={2048}
        // The button that was pressed to get here is gone.
        autoFocus
        required
      />
      <NameField value={draft.name} mistake={mistakes.name} onChange={(name) => set({ name })} />
      <ApiOperations reading={reading} chosen={draft.chosen} onChange={(chosen) => set({ chosen })} />
      <ApiCredential draft={draft} reading={reading} onChange={(values) => set({ values })} />
    </>
  )
}

function ApiDocument({ slug, draft, onChange }: Omit<Props, 'mistakes'>) {
  const [unreadable, setUnreadable] = useState<string>()
  const read = useMutation({
    mutationFn: () => previewApi(slug, draft.document),
    onSuccess: (reading) =>
      onChange({
        ...draft,
        reading,
        url: reading.urls[0] ?? '',
        name: nameFromTitle(reading.title),
        chosen: new Set(),
      }),
  })
  const open = (file: File | undefined) => {
    setUnreadable(undefined)
    file?.text().then(
      (document) => onChange({ ...draft, document }),
      () => setUnreadable('The file cannot be read. Choose it again, or paste what is in it.'),
    )
  }
  return (
    <>
      <Field label="File" hint="An OpenAPI 3 document, JSON or YAML, of at most 4 MiB" mistake={unreadable}>
        {(described) => (
          <input
            className="input"
            type="file"
            accept=".json,.yaml,.yml,application/json,application/yaml"
            onChange={(event) => open(event.target.files?.[0])}
            {...described}
          />
        )}
      </Field>
      <TextArea
        label="Document"
        hint="Or paste it here. It is read, and kept only as far as you choose from it."
        value={draft.document}
        onChange={(document) => onChange({ ...draft, document })}
        rows={8}
        mono
      />
      {read.isError && <ErrorNotice error={read.error} />}
      <div>
        <Button busy={read.isPending} disabled={draft.document.trim() === ''} onClick={() => read.mutate()}>
          {read.isPending ? 'Reading the document' : 'Read the document'}
        </Button>
      </div>
    </>
  )
}

interface CredentialProps {
  draft: ApiDraft
  reading: ApiReading
  onChange: (values: Readonly<Record<string, string>>) => void
}

/** Fields for the values that the chosen operations take. */
function ApiCredential({ draft: { chosen, values }, reading, onChange }: CredentialProps) {
  const operations = chosenOf(reading, chosen)
  const names = namesAskedBy(operations)
  const hasChoice = operations.some(({ credentials }) => credentials.length > 1)
  return (
    <>
      {names.map((name) => (
        <SecretField
          key={name}
          label={<code>{name}</code>}
          hint={hintFor(name, reading)}
          value={values[name] ?? ''}
          onChange={(value) => onChange({ ...values, [name]: value })}
        />
      ))}
      {names.length > 0 && (
        <Notice>
          Sealed in the vault and sent to this address only. They are never shown again, to anybody.
          {hasChoice && ' Some operations take one of several: set those that you have.'}
        </Notice>
      )}
    </>
  )
}

function hintFor(name: string, { credentials }: ApiReading): string {
  const known = credentials.find((each) => each.name === name)
  const description = known?.description ?? ''
  return `For the security scheme ${known?.scheme ?? ''} of the document. ${description}`.trim()
}
