import type { IncomingMessage } from 'node:http'
import { asGatewayError, GatewayError } from '../../model/error.ts'
import { createAttempts } from './attempts.ts'
import type { ClientAddresses } from './client-addresses.ts'

/** Guesses are hopeless by the length of a token; this keeps them from being tried by the million. */
const MAX_PER_WINDOW = 10
const WINDOW_MS = 60_000

/** What every door that takes a token does with a bad one. */
export interface BadTokens {
  /**
   * What the caller is told: what was thrown, or `too_many` when it refused a token and the address had too many of
   * those in the last minute. To be asked after a refusal, so that a good token never meets the limit, whoever else
   * shares its address. A request without a token is no guess.
   */
  judge(thrown: unknown, request: IncomingMessage): unknown
  /** The same after something was refused that came in another way: in a body or a cookie. All count together. */
  judgeGuess(thrown: unknown, request: IncomingMessage): unknown
}

export function createBadTokens(addresses: ClientAddresses, now: () => number): BadTokens {
  const failures = createAttempts({ max: MAX_PER_WINDOW, windowMs: WINDOW_MS, now, isWrong: () => true })

  function judgeGuess(thrown: unknown, { headers, socket }: IncomingMessage): unknown {
    const forwardedFor = headers['x-forwarded-for']?.toString()
    const waitMs = failures.failed(addresses.networkOf(socket.remoteAddress, forwardedFor))
    return waitMs === undefined ? thrown : tooMany(waitMs, thrown)
  }

  return {
    judge(thrown, request) {
      const wasShown = request.headers.authorization !== undefined
      const isRefused = wasShown && asGatewayError(thrown).code === 'unauthenticated'
      return isRefused ? judgeGuess(thrown, request) : thrown
    },
    judgeGuess,
  }
}

function tooMany(waitMs: number, cause: unknown): GatewayError {
  return new GatewayError(
    'too_many',
    'This token is not accepted, and neither were others that came from the same address.',
    {
      cause,
      fix: 'Log in again, or ask an admin of the workspace for a new token. A good one is taken at once.',
      retryAfterSeconds: Math.ceil(waitMs / 1000),
      refusesToken: true,
    },
  )
}
