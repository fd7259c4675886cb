import { Cloud, TerminalSquare, Webhook } from 'lucide-react'
import type { Server } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'

const KINDS = {
  remote: { icon: Cloud, label: 'Remote' },
  hosted: { icon: TerminalSquare, label: 'Hosted' },
  openapi: { icon: Webhook, label: 'HTTP API' },
}

/** What a server is. */
export function KindBadge({ kind }: Pick<Server, 'kind'>) {
  const { icon, label } = KINDS[kind]
  return <Badge icon={icon}>{label}</Badge>
}
