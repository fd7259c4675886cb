import type { Token } from '../api/shapes.ts'
import { Time } from '../parts/time.tsx'

/** When a token was used last, and by what. */
export function LastUse({ token: { lastUsedAt, lastClient } }: { token: Token }) {
  if (lastUsedAt === null) return <span className="soft">Never</span>
  return (
    <span>
      <Time at={lastUsedAt} />
      {lastClient != null && <span className="soft small cell line">{lastClient}</span>}
    </span>
  )
}
