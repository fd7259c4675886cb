import type { LogRowDetail } from '../../api/shapes.ts'
import { duration } from '../../format/numbers.ts'
import { Card } from '../../parts/card.tsx'

/** Whose time it was: the server's or the gateway's. */
export function LatencySplit({ row: { latencyMs, upstreamMs } }: { row: LogRowDetail }) {
  const gatewayMs = Math.max(0, latencyMs - (upstreamMs ?? 0))
  const share = latencyMs === 0 ? 0 : (upstreamMs ?? 0) / latencyMs
  return (
    <Card title={`Took ${duration(latencyMs)}`}>
      <div className="split" aria-hidden="true">
        <span className="split-upstream" style={{ flexGrow: share }} />
        <span className="split-gateway" style={{ flexGrow: 1 - share }} />
      </div>
      <div className="chart-legend number">
        <span>
          <span className="swatch series-1" aria-hidden="true" />
          {upstreamMs === null ? 'No server was reached' : `Server ${duration(upstreamMs)}`}
        </span>
        <span>
          <span className="swatch series-2" aria-hidden="true" />
          Gateway {duration(gatewayMs)}
        </span>
      </div>
    </Card>
  )
}
