import type { Clock, Random } from '../model/clock.ts'
import { GatewayError } from '../model/error.ts'
import type { Server } from '../model/server.ts'
import { createRestartPolicy } from './hosted/restart-policy.ts'

/** Whether a server can be reached, and when to try again: what keeps one dead server from costing anyone time. */
export interface Reachability {
  /** What is wrong now. */
  problem(): GatewayError | undefined
  /**
   * Throws the known problem while it is too early to try again. Otherwise gives the milliseconds to wait first: none,
   * or the moment until a process that crashed may be started again, which a call can afford.
   */
  requireAttempt(): number
  connected(): void
  failedToConnect(error: GatewayError): void
  /** A process ended by itself. */
  crashed(error: GatewayError): void
  /** A request on a connection failed, with the HTTP status where there was one. */
  failed(error: GatewayError, status: number | undefined): void
  worked(): void
  /** Something was changed by a person: forget what was wrong. */
  reset(): void
  /** When to try again without being asked, or undefined for never. */
  retryInMs(): number | undefined
}

const FIRST_RETRY_MS = 1_000
const MOST_RETRY_MS = 60_000
/** After 401, 403, 404 or a missing credential only a person can help; a call may still look again after this. */
const REFUSED_RETRY_MS = 10 * 60_000
const FAILURES_UNTIL_OPEN = 5
/** As long as a process takes to start: whoever calls after a crash would rather wait than be refused. */
const PATIENCE_MS = 2_500
const OPEN_MS = 30_000
const NEEDS_A_PERSON = new Set([
  'upstream_refused',
  'needs_credential',
  'needs_login',
  'credential_unreadable',
  'configuration',
  'unsupported',
  'invalid_request',
])

interface ReachabilityOptions {
  server: Server
  clock: Clock
  random: Random
}

export function createReachability({ server, clock, random }: ReachabilityOptions): Reachability {
  const restarts = server.target.kind === 'hosted' ? createRestartPolicy({ clock, random }) : undefined
  let problem: GatewayError | undefined
  let retryAt = 0
  let attempts = 0
  let failures = 0

  const jitter = () => 0.5 + (random.bytes(1)[0] ?? 0) / 512

  function hold(error: GatewayError, waitMs: number): void {
    problem = error
    retryAt = clock.now() + waitMs
  }

  return {
    problem: () => problem,
    requireAttempt() {
      if (problem !== undefined && clock.now() < retryAt) throw problem
      const decision = restarts?.mayStart()
      const heldBy = decision?.allowed === false ? problem : undefined
      const waitMs = decision?.allowed === false && heldBy !== undefined ? decision.retryAt - clock.now() : 0
      if (decision?.allowed === false && heldBy !== undefined && waitMs > PATIENCE_MS)
        throw heldBack(heldBy, decision.reason)
      restarts?.started()
      return waitMs
    },
    connected() {
      problem = undefined
      attempts = 0
      failures = 0
      restarts?.healthy()
    },
    failedToConnect(error) {
      restarts?.crashed()
      const backOff = Math.min(FIRST_RETRY_MS * 2 ** attempts++, MOST_RETRY_MS) * jitter()
      hold(error, NEEDS_A_PERSON.has(error.code) ? REFUSED_RETRY_MS : backOff)
    },
    crashed(error) {
      restarts?.crashed()
      problem = error
      retryAt = 0
    },
    failed(error, status) {
      if (status !== undefined && status < 500) {
        if (status === 401 || status === 403) problem = error
        return
      }
      problem = error
      if (++failures >= FAILURES_UNTIL_OPEN) hold(error, OPEN_MS * jitter())
    },
    worked() {
      if (problem === undefined) return
      problem = undefined
      failures = 0
    },
    reset() {
      problem = undefined
      retryAt = 0
      attempts = 0
      failures = 0
    },
    retryInMs() {
      if (problem === undefined || NEEDS_A_PERSON.has(problem.code)) return undefined
      const decision = restarts?.mayStart()
      const restartAt = decision?.allowed === false ? decision.retryAt : 0
      return Math.max(retryAt, restartAt, clock.now() + FIRST_RETRY_MS * jitter()) - clock.now()
    },
  }
}

/** Told to a call that never reached the process, so that nobody takes the crash for the call's own. */
function heldBack({ code, message, cause }: GatewayError, reason: string): GatewayError {
  const fix = 'Check its command, arguments and credential.'
  return new GatewayError(code, `${message} ${reason}`, { cause, fix })
}
