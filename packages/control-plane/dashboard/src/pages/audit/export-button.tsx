import { Download } from 'lucide-react'
import { useState } from 'react'
import { apiUrl } from '../../api/request.ts'
import { instantOfField, localField } from '../../format/local-field.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Choices, TextField } from '../../parts/fields.tsx'
import { useAudit } from './use-audit.ts'

const FORMATS = [
  { value: 'csv', label: 'CSV', hint: 'for spreadsheets' },
  { value: 'jsonl', label: 'JSON lines', hint: 'for programs, one row a line' },
] as const

type Format = (typeof FORMATS)[number]['value']

/** Takes the log, or a span of time of it, out as a file. */
export function ExportButton() {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button onClick={() => setOpen(true)}>
        <Download size={16} aria-hidden="true" />
        Export
      </Button>
      {open && <ExportDialog onClose={() => setOpen(false)} />}
    </>
  )
}

function ExportDialog({ onClose }: { onClose: () => void }) {
  const { slug, filters } = useAudit()
  const [format, setFormat] = useState<Format>('csv')
  const [from, setFrom] = useState(filters.from)
  const [to, setTo] = useState(filters.to)
  return (
    <Dialog title="Export the log" onClose={onClose}>
      <Choices legend="Format" value={format} onChange={setFormat} options={FORMATS} />
      <div className="columns narrow">
        <TextField
          label="From"
          hint="Empty: from the beginning"
          type="datetime-local"
          value={localField(from)}
          onChange={(text) => setFrom(instantOfField(text))}
        />
        <TextField
          label="To"
          hint="Empty: to now"
          type="datetime-local"
          value={localField(to)}
          onChange={(text) => setTo(instantOfField(text))}
        />
      </div>
      <p className="soft small">
        All rows of that time, oldest first, with the hashes that chain them. Other filters are not applied,
        and the export itself is logged.
      </p>
      <div className="dialog-foot">
        <Button onClick={onClose}>Cancel</Button>
        <a
          className="button main"
          href={apiUrl(['workspaces', slug, 'audit', 'export'], { format, from, to })}
          download
          onClick={onClose}
        >
          Download
        </a>
      </div>
    </Dialog>
  )
}
