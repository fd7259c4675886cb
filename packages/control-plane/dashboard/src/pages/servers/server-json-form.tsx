import type { ServerJsonReading } from '../../api/shapes.ts'
import type { Added } from './add-server-dialog.tsx'
import { DescribedServerForm } from './described-server-form.tsx'

/** A `server.json` that somebody pasted, and the control plane read. */
export interface Described {
  serverJson: unknown
  reading: ServerJsonReading
}

interface Props {
  slug: string
  described: Described
  onAdded: (added: Added) => void
  onClose: () => void
}

/** What it says of itself, and the form of what it needs. */
export function ServerJsonForm({ slug, described: { serverJson, reading }, onAdded, onClose }: Props) {
  const { title, description, version, suggestedName, deployments } = reading
  const offer = { place: { serverJson }, suggestedName, deployments, isDenied: false, warning: undefined }
  return (
    <div className="stack">
      <div className="stack close">
        <h3 className="catalog-name">{title}</h3>
        <p>{description}</p>
        <p className="soft small">Version {version}, as its own server.json says; nobody looked into it.</p>
      </div>
      <DescribedServerForm slug={slug} offer={offer} onAdded={onAdded} onClose={onClose} />
    </div>
  )
}
