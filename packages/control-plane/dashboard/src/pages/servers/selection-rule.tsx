import type { Selection } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { CheckField } from '../../parts/fields.tsx'
import { Notice } from '../../parts/notice.tsx'
import { showsNewTools, strayEntries, withNewTools, withoutStray } from './tool-selection.ts'

interface Props {
  selection: Selection
  offered: readonly string[]
  busy: boolean
  onChange: (selection: Selection) => void
}

/** Which list decides about the tools, and what becomes of new ones. */
export function SelectionRule({ selection, offered, busy, onChange }: Props) {
  const shows = showsNewTools(selection)
  const stray = strayEntries(selection, offered)
  return (
    <>
      <CheckField
        label="Show new tools of this server at once"
        hint={
          shows
            ? 'All tools are on but those that are switched off here.'
            : 'Only the tools that are switched on here are shown; a new one stays off until somebody switches it on.'
        }
        checked={shows}
        disabled={busy || offered.length === 0}
        onChange={(shown) => onChange(withNewTools(selection, offered, shown))}
      />
      {stray.length > 0 && offered.length > 0 && (
        <Notice tone="warn" title="The selection names tools that the server does not offer">
          <p>
            {stray.join(', ')}: {stray.length === 1 ? 'it does' : 'they do'} nothing now. Entries are whole
            names; a * in them stands for itself.
          </p>
          <p>
            <Button small busy={busy} onClick={() => onChange(withoutStray(selection, offered))}>
              Remove {stray.length === 1 ? 'it' : 'them'}
            </Button>
          </p>
        </Notice>
      )}
    </>
  )
}
