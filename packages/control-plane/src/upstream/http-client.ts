import { buildConnector, Pool } from 'undici'
import { GatewayError } from '../model/error.ts'
import { type AddressGuard, portOf } from './address-guard.ts'

/** Accepts or refuses a TCP connection within this time; slower hosts are as good as dead to a waiting caller. */
const CONNECT_TIMEOUT_MS = 5_000

/** Beside the calls there are streams, and calls of which nobody waits for the answer any more. */
const SPARE_CONNECTIONS = 128

/**
 * Warm connections to one origin, of one server of one workspace: sockets are never shared between workspaces.
 * Every new connection passes the guard, with the address that was checked.
 */
export function openHttpPool(origin: string, guard: AddressGuard, maxCalls: number): Pool {
  const lookup = guard.lookup(portOf(new URL(origin)))
  const connectGuarded = buildConnector({ timeout: CONNECT_TIMEOUT_MS, lookup })
  const connect: buildConnector.connector = (options, done) => {
    try {
      guard.checkOrigin(origin)
    } catch (error) {
      // The guard throws GatewayErrors only.
      return done(error as Error, null)
    }
    connectGuarded(options, done)
  }
  // Time limits are ours, per call; undici's own would end long streams.
  return new Pool(origin, {
    connections: maxCalls + SPARE_CONNECTIONS,
    connect,
    headersTimeout: 0,
    bodyTimeout: 0,
  })
}

const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** Whether the error shows that not a byte of the request was sent. */
export function neverConnected(error: unknown): boolean {
  return NEVER_CONNECTED.has(codeOf(error))
}

/** What went wrong with a connection, for people. */
export function describeConnectionError(error: Error, where: string): GatewayError {
  if (error instanceof GatewayError) return error
  const [problem, fix] = problemOf(error) ?? [`The connection to ${where} broke.`, 'Try again.']
  return new GatewayError('upstream_unavailable', problem.replace('WHERE', where), { cause: error, fix })
}

function problemOf(error: Error): [string, string] | undefined {
  if (error.name === 'HTTPParserError')
    return ['What answers at WHERE is not HTTP.', "Correct the URL's port."]
  return CONNECTION_PROBLEMS[codeOf(error)]
}

const CONNECTION_PROBLEMS: Record<string, [string, string]> = {
  ECONNREFUSED: [
    'Nothing answers at WHERE: the connection was refused.',
    'Start the server, or correct its URL.',
  ],
  ENOTFOUND: ['The host of WHERE is unknown.', 'Correct the URL, or check the name server.'],
  EAI_AGAIN: ['The name server did not answer for WHERE.', 'Check the network of the control plane.'],
  UND_ERR_CONNECT_TIMEOUT: [
    'WHERE did not accept a connection within 5 seconds.',
    'Check its address and the firewalls between.',
  ],
  UND_ERR_SOCKET: ['WHERE closed the connection before it had answered.', "Look at the server's own log."],
  ECONNRESET: ['WHERE closed the connection before it had answered.', "Look at the server's own log."],
  ERR_SSL_WRONG_VERSION_NUMBER: [
    'WHERE does not speak TLS.',
    'Correct the port, or write the URL with http:.',
  ],
  CERT_HAS_EXPIRED: ['The certificate of WHERE has expired.', 'Renew the certificate of the server.'],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    'The certificate of WHERE is self-signed.',
    'Give the control plane its CA with NODE_EXTRA_CA_CERTS.',
  ],
}

function codeOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown }
  if (typeof code === 'string') return code
  return cause === undefined ? '' : codeOf(cause)
}
