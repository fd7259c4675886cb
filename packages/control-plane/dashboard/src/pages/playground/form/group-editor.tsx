import { Plus, X } from 'lucide-react'
import { Button } from '../../../parts/button.tsx'
import { TextField } from '../../../parts/fields.tsx'
import { addOther, below, type Draft, type Mistakes, type OfDraft, otherPath } from './draft.ts'
import type { OfKind } from './field.ts'
import { FieldEditor } from './field-editor.tsx'

interface Props {
  field: OfKind<'group'>
  draft: OfDraft<'group'>
  onChange: (draft: OfDraft<'group'>) => void
  mistakes: Mistakes
  path: string
}

/** The members of an object under one another, and what else may be in it. */
export function GroupEditor({ field, draft, onChange, mistakes, path }: Props) {
  const setMember = (at: number, changed: Draft) =>
    onChange({ ...draft, members: draft.members.map((member, index) => (index === at ? changed : member)) })
  const { others } = field
  return (
    <div className="stack">
      {field.members.map(({ name, required, field: member }, index) => {
        const typed = draft.members[index]
        if (typed === undefined) return null
        return (
          <FieldEditor
            key={name}
            name={name}
            field={member}
            required={required}
            draft={typed}
            onChange={(changed) => setMember(index, changed)}
            mistakes={mistakes}
            path={below(path, name)}
          />
        )
      })}
      {others !== undefined &&
        draft.others.map((item) => (
          <OtherEditor
            key={item.id}
            group={field}
            draft={draft}
            id={item.id}
            onChange={onChange}
            mistakes={mistakes}
            path={otherPath(path, item.id)}
          />
        ))}
      {others?.offered && (
        <div>
          <Button small onClick={() => onChange(addOther(field, draft))}>
            <Plus size={15} aria-hidden="true" />
            Add a value with a name of its own
          </Button>
        </div>
      )}
    </div>
  )
}

interface OtherProps extends Omit<Props, 'field'> {
  group: OfKind<'group'>
  id: number
}

function OtherEditor({ group, draft, id, onChange, mistakes, path }: OtherProps) {
  const item = draft.others.find((other) => other.id === id)
  if (item === undefined || group.others === undefined) return null
  const set = (change: Partial<typeof item>) =>
    onChange({
      ...draft,
      others: draft.others.map((other) => (other.id === id ? { ...other, ...change } : other)),
    })
  return (
    <div className="nested stack close">
      <div className="row apart">
        <TextField
          label="Name"
          value={item.name}
          onChange={(name) => set({ name })}
          mistake={mistakes.get(`${path}/name`)}
          autoComplete="off"
          spellCheck={false}
        />
        <Button
          small
          look="quiet"
          aria-label={`Remove ${item.name}`}
          onClick={() => onChange({ ...draft, others: draft.others.filter((other) => other.id !== id) })}
        >
          <X size={15} aria-hidden="true" />
        </Button>
      </div>
      <FieldEditor
        name="Value"
        field={group.others.field}
        required
        draft={item.draft}
        onChange={(changed) => set({ draft: changed })}
        mistakes={mistakes}
        path={path}
      />
    </div>
  )
}
