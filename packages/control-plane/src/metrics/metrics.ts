import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { AuditEntry } from '../model/audit-row.ts'
import type { ServerStatus } from '../model/server.ts'

/** Seconds: from what the gateway adds to a call to the longest that a server may take. */
const DURATIONS = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** What is so at the moment, asked for whenever somebody reads. */
export interface PresentState {
  version: string
  /** Undefined for a workspace that is gone. */
  slugOf(workspaceId: string): string | undefined
  runningCalls(): number
  openStreams(): number
  /** False while nothing may happen because the log cannot be written. */
  canWriteLog(): boolean
  servers(): Iterable<{ workspace: string; status: ServerStatus }>
}

export interface Metrics {
  /** Counts what was written to the log. */
  count(entries: readonly AuditEntry[]): void
  /** All of them, in the text format of Prometheus. */
  read(): Promise<{ contentType: string; text: string }>
}

/**
 * What a monitoring system asks for, of this process alone: it adds up replicas itself. Labels are names that somebody
 * with rights here gave, never what a caller sent: those could be made up without end.
 */
export function createMetrics(state: PresentState): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  showState(registry, state)
  const counted = createCounted(registry)
  return {
    count(entries) {
      for (const entry of entries) counted(entry, state.slugOf(entry.workspaceId) ?? '')
    },
    read: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}

function createCounted(registry: Registry): (entry: AuditEntry, workspace: string) => void {
  const of = (name: string, help: string, ...labelNames: string[]) => ({
    ...{ name: `mcpgw_${name}`, help, labelNames },
    registers: [registry],
  })
  const calls = new Counter(
    of('calls_total', 'Calls of agents, allowed or refused.', 'workspace', 'server', 'outcome'),
  )
  const durations = new Histogram({
    ...of(
      'call_duration_seconds',
      'From the request to its answer, before the log has it.',
      'workspace',
      'server',
    ),
    buckets: DURATIONS,
  })
  const upstream = new Histogram({
    ...of('upstream_duration_seconds', 'What the server took of it.', 'workspace', 'server'),
    buckets: DURATIONS,
  })
  const deeds = new Counter(
    of('management_actions_total', 'What people did, allowed or refused.', 'action', 'outcome'),
  )
  return ({ kind, method, server = '', outcome, latencyMs, upstreamMs }, workspace) => {
    if (kind === 'management') return deeds.inc({ action: method, outcome })
    calls.inc({ workspace, server, outcome })
    durations.observe({ workspace, server }, latencyMs / 1000)
    if (upstreamMs !== undefined) upstream.observe({ workspace, server }, upstreamMs / 1000)
  }
}

function showState(registry: Registry, state: PresentState): void {
  const gauge = (name: string, help: string, labelNames: string[], collect: (this: Gauge) => void) =>
    new Gauge({ name: `mcpgw_${name}`, help, labelNames, registers: [registry], collect })

  gauge('build_info', 'The version that runs.', ['version'], function () {
    this.set({ version: state.version }, 1)
  })
  gauge('running_calls', 'Calls that wait for a server now.', [], function () {
    this.set(state.runningCalls())
  })
  gauge('open_streams', 'Event streams that clients hold open.', [], function () {
    this.set(state.openStreams())
  })
  gauge(
    'audit_writable',
    '1 while the audit log can be written; otherwise calls are refused.',
    [],
    function () {
      this.set(state.canWriteLog() ? 1 : 0)
    },
  )
  gauge('servers', 'Servers by what they are ready for.', ['workspace', 'status'], function () {
    this.reset()
    for (const server of state.servers()) this.inc(server)
  })
}
