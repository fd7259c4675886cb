import type { Mistakes, OfDraft } from './draft.ts'
import type { OfKind } from './field.ts'
import { GroupEditor } from './group-editor.tsx'

interface Props {
  field: OfKind<'group'>
  draft: OfDraft<'group'>
  onChange: (draft: OfDraft<'group'>) => void
  mistakes: Mistakes
}

/** All the fields of a tool's arguments, or of what a server asks. */
export function SchemaForm({ field, draft, onChange, mistakes }: Props) {
  if (field.members.length === 0 && field.others?.offered !== true && draft.others.length === 0)
    return <p className="soft">It takes no arguments.</p>
  return <GroupEditor field={field} draft={draft} onChange={onChange} mistakes={mistakes} path="" />
}
