import { GatewayError } from '../model/error.ts'
import { type Authenticator, readToken } from './authenticator.ts'
import { hashToken } from './token-format.ts'

/**
 * Makes the judge of who may read the metrics: an owner, or whoever has the token that opens them and nothing else, so
 * that a monitoring system need not be trusted with more. Rejects with `unauthenticated` or `forbidden`.
 */
export function createMetricsAccess(
  authenticator: Pick<Authenticator, 'authenticate'>,
  metricsToken: string | undefined,
): (authorizationHeader: string | undefined) => Promise<void> {
  const accepted = metricsToken === undefined ? undefined : hashToken(metricsToken)
  return async (header) => {
    if (hashToken(readToken(header)) === accepted) return
    const { role } = await authenticator.authenticate(header)
    if (role === 'owner') return
    throw new GatewayError('forbidden', 'The metrics are of the whole installation: owners may read them.', {
      fix: 'Give the control plane a token for them as MCPGW_METRICS_TOKEN, and use that.',
    })
  }
}
