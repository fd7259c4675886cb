import { Plus, X } from 'lucide-react'
import { Button } from '../../parts/button.tsx'
import { CheckField, SecretField, TextField } from '../../parts/fields.tsx'
import type { Entry } from './new-server.ts'

interface Props {
  legend: string
  hint?: string
  /** What one is called. */
  noun: string
  entries: readonly Entry[]
  onChange: (entries: readonly Entry[]) => void
  mistake?: string | undefined
}

/** Names and values, of which each can be a secret: then only a placeholder stands in the server's settings. */
export function EntryRows({ legend, hint, noun, entries, onChange, mistake }: Props) {
  const change = (id: number, with_: Partial<Entry>) =>
    onChange(entries.map((entry) => (entry.id === id ? { ...entry, ...with_ } : entry)))
  const add = () =>
    onChange([
      ...entries,
      { id: Math.max(0, ...entries.map(({ id }) => id)) + 1, name: '', value: '', secret: false },
    ])
  return (
    <fieldset>
      <legend>{legend}</legend>
      {hint !== undefined && <span className="hint">{hint}</span>}
      {entries.map((entry) => {
        const Value = entry.secret ? SecretField : TextField
        return (
          <div className="entry-row" key={entry.id}>
            <TextField
              label="Name"
              value={entry.name}
              onChange={(name) => change(entry.id, { name })}
              autoComplete="off"
              spellCheck={false}
            />
            <Value
              label="Value"
              value={entry.value}
              onChange={(value) => change(entry.id, { value })}
              autoComplete="off"
              spellCheck={false}
            />
            <CheckField
              label="Secret"
              checked={entry.secret}
              onChange={(secret) => change(entry.id, { secret })}
            />
            <Button
              look="quiet"
              aria-label={`Remove ${noun} ${entry.name}`}
              onClick={() => onChange(entries.filter(({ id }) => id !== entry.id))}
            >
              <X size={16} aria-hidden="true" />
            </Button>
          </div>
        )
      })}
      {mistake !== undefined && (
        <span className="mistake" role="alert">
          {mistake}
        </span>
      )}
      <div>
        <Button small onClick={add}>
          <Plus size={15} aria-hidden="true" />
          Add a {noun}
        </Button>
      </div>
    </fieldset>
  )
}
