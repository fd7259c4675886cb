import { duration } from '../../format/numbers.ts'

/** Where the time went: at the server, and in the gateway around it. */
export function TimingBar({ latencyMs, upstreamMs }: { latencyMs: number; upstreamMs: number | null }) {
  if (upstreamMs === null)
    return <p className="small">{duration(latencyMs)} in the gateway; the server was not asked.</p>
  const gatewayMs = Math.max(0, latencyMs - upstreamMs)
  const share = latencyMs > 0 ? Math.min(1, upstreamMs / latencyMs) : 0
  return (
    <div className="stack close">
      <div className="timing" aria-hidden="true">
        <span className="timing-upstream" style={{ flexGrow: share }} />
        <span className="timing-gateway" style={{ flexGrow: 1 - share }} />
      </div>
      <p className="small row">
        <span className="strong">{duration(latencyMs)}</span>
        <span>
          <span className="series-1" aria-hidden="true">
            ●{' '}
          </span>
          server {duration(upstreamMs)}
        </span>
        <span>
          <span className="series-2" aria-hidden="true">
            ●{' '}
          </span>
          gateway {duration(gatewayMs)}
        </span>
      </p>
    </div>
  )
}
