import { useEffect, useRef, useState } from 'react'
import type { Imported, ImportedServer } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { CheckField, TextField } from '../../parts/fields.tsx'
import type { Attempt } from './import-servers.tsx'

interface Props {
  found: Imported
  attempt: Attempt
  versions: Readonly<Record<string, string>>
  onVersions: (versions: Readonly<Record<string, string>>) => void
  onLook: () => void
  onAdd: (choose: readonly string[]) => void
  onBack: () => void
}

/** What each server of the text becomes, to choose from before anything is added. */
export function ImportPreview({ found, attempt, versions, onVersions, onLook, onAdd, onBack }: Props) {
  const list = useRef<HTMLUListElement>(null)
  // The button that had the focus is gone.
  useEffect(() => list.current?.focus(), [])
  const [choices, setChoices] = useState<Readonly<Record<string, boolean>>>({})
  const isChosen = ({ ref, outcome, preselected }: ImportedServer) =>
    outcome === 'offered' && (choices[ref] ?? preselected)
  const chosen = found.items.filter(isChosen).map(({ ref }) => ref)
  const asked = found.items.some(({ wantsVersion }) => wantsVersion)
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        onAdd(chosen)
      }}
    >
      <ul className="plain stack close" ref={list} tabIndex={-1} aria-label="Servers found">
        {found.items.map((item) => (
          <li key={item.ref} className="import-item">
            {item.outcome === 'offered' ? (
              <CheckField
                label={<Headline item={item} />}
                checked={isChosen(item)}
                onChange={(checked) => setChoices({ ...choices, [item.ref]: checked })}
              />
            ) : (
              <Headline item={item} />
            )}
            <Becomes item={item} />
            {item.wantsVersion === true && (
              <TextField
                label={`Version of ${item.ref}`}
                placeholder="1.2.3"
                value={versions[item.ref] ?? ''}
                onChange={(version) => onVersions({ ...versions, [item.ref]: version })}
                autoComplete="off"
                spellCheck={false}
              />
            )}
          </li>
        ))}
      </ul>
      {attempt.error !== undefined && <ErrorNotice error={attempt.error} />}
      <div className="dialog-foot">
        <Button onClick={onBack}>Back</Button>
        {asked && (
          <Button busy={attempt.busy} onClick={onLook}>
            Look again with these versions
          </Button>
        )}
        <Button type="submit" look="main" busy={attempt.busy} disabled={chosen.length === 0}>
          {chosen.length === 1 ? 'Add 1 server' : `Add ${chosen.length} servers`}
        </Button>
      </div>
    </form>
  )
}

const WORD = { offered: undefined, added: 'Added', skipped: 'Skipped', refused: 'Not possible' }
const TONE = { offered: 'info', added: 'good', skipped: 'quiet', refused: 'warn' } as const

/** Its name in the file, what it is called here where that differs, and what came of it. */
export function Headline({ item: { ref, name, outcome } }: { item: ImportedServer }) {
  return (
    <span className="row">
      <strong className="wrap">{ref}</strong>
      {name !== undefined && name !== ref && <span className="soft">as {name}</span>}
      {WORD[outcome] !== undefined && <Badge tone={TONE[outcome]}>{WORD[outcome]}</Badge>}
    </span>
  )
}

function Becomes({ item }: { item: ImportedServer }) {
  const { becomes, secrets, missing, warnings, reason, fix } = item
  const plain = [...Object.entries(becomes?.headers ?? {}), ...Object.entries(becomes?.env ?? {})].filter(
    ([, value]) => !value.includes('{{'),
  )
  const lines = [
    ...(reason === undefined ? [] : [fix === undefined ? reason : `${reason} ${fix}`]),
    ...warnings,
  ]
  return (
    <div className="import-facts small">
      {becomes !== undefined && <code className="wrap">{targetOf(becomes)}</code>}
      {secrets.length > 0 && <span>Into the vault: {secrets.join(', ')}</span>}
      {missing.length > 0 && <span>To be set afterwards: {missing.join(', ')}</span>}
      {plain.length > 0 && (
        <span>Kept in plain text: {plain.map(([key, value]) => `${key}=${value}`).join(', ')}</span>
      )}
      {lines.map((line) => (
        <span key={line} className="soft">
          {line}
        </span>
      ))}
    </div>
  )
}

function targetOf({ url, package: ref, command, args = [] }: NonNullable<ImportedServer['becomes']>): string {
  if (url !== undefined) return url
  const version = ref?.version === undefined ? '' : `@${ref.version}`
  const program = ref === undefined ? (command ?? '') : `${ref.registryType}: ${ref.identifier}${version}`
  return [program, ...args].join(' ')
}
