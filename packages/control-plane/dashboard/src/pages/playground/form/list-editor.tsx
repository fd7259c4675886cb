import { Plus, X } from 'lucide-react'
import { Button } from '../../../parts/button.tsx'
import { addItem, below, type Mistakes, type OfDraft } from './draft.ts'
import type { OfKind } from './field.ts'
import { FieldEditor } from './field-editor.tsx'

interface Props {
  field: OfKind<'list'>
  draft: OfDraft<'list'>
  onChange: (draft: OfDraft<'list'>) => void
  mistakes: Mistakes
  path: string
}

/** One editor per item, in order. */
export function ListEditor({ field, draft, onChange, mistakes, path }: Props) {
  return (
    <div className="stack close">
      {draft.given && draft.items.length === 0 && <p className="soft small">An empty list is sent.</p>}
      {draft.items.map(({ id, draft: item }, index) => (
        <div className="list-item" key={id}>
          <FieldEditor
            name={`Item ${index + 1}`}
            field={field.item}
            required
            draft={item}
            onChange={(changed) =>
              onChange({
                ...draft,
                items: draft.items.map((each) => (each.id === id ? { id, draft: changed } : each)),
              })
            }
            mistakes={mistakes}
            path={below(path, String(index))}
          />
          <Button
            small
            look="quiet"
            aria-label={`Remove item ${index + 1}`}
            onClick={() => onChange({ ...draft, items: draft.items.filter((each) => each.id !== id) })}
          >
            <X size={15} aria-hidden="true" />
          </Button>
        </div>
      ))}
      <div>
        <Button small onClick={() => onChange(addItem(field, draft))}>
          <Plus size={15} aria-hidden="true" />
          Add an item
        </Button>
      </div>
    </div>
  )
}
