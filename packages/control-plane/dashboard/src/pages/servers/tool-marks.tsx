import { Eye, Pencil, TriangleAlert } from 'lucide-react'
import { Badge } from '../../parts/badge.tsx'

/** What the server says of a tool. It may be wrong: nothing is allowed because of it alone. */
export function ToolMark({ readOnly, destructive }: { readOnly: boolean; destructive: boolean }) {
  if (readOnly)
    return (
      <Badge tone="good" icon={Eye} title="The server says that it changes nothing">
        Read-only
      </Badge>
    )
  if (destructive)
    return (
      <Badge tone="warn" icon={TriangleAlert} title="The server says so, or says nothing about it">
        May destroy
      </Badge>
    )
  return (
    <Badge icon={Pencil} title="The server says that it changes things without destroying any">
      Writes
    </Badge>
  )
}
