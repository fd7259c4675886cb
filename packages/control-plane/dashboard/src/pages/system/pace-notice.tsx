import { duration } from '../../format/numbers.ts'
import { Notice } from '../../parts/notice.tsx'

/** From here on people notice, and calls wait for the program and not for their servers. */
export const SLOW_MS = 100

export function PaceNotice({ ms }: { ms: number }) {
  if (ms <= SLOW_MS) return null
  return (
    <Notice tone="warn" title="The control plane is short of processor time">
      Calls wait up to {duration(ms)} for it. Give it a processor of its own, or add replicas with PostgreSQL.
    </Notice>
  )
}
