import { createMetrics, type Metrics } from './metrics/metrics.ts'
import type { DataPlane } from './open-data-plane.ts'
import type { Foundations } from './open-foundations.ts'
import { VERSION } from './version.ts'

/** The metrics of this process, counted from now on. */
export function openMetrics(
  { recorder }: Foundations,
  { workspaces, gateway }: DataPlane,
  openStreams: () => number,
): Metrics {
  const metrics = createMetrics({
    version: VERSION,
    slugOf: (id) => workspaces.running().get(id)?.workspace.slug,
    runningCalls: () => gateway.calls.running,
    openStreams,
    canWriteLog: () => recorder.canWrite(),
    *servers() {
      for (const runtime of workspaces.running().values())
        for (const status of runtime.statuses()) yield { workspace: runtime.workspace.slug, status }
    },
  })
  recorder.onWritten((entries) => metrics.count(entries))
  return metrics
}
