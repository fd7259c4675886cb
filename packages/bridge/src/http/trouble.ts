import { ProxyError } from './proxy-error.ts'

/** What failing to connect means for a person. */
interface Trouble {
  readonly what: string
  readonly fix?: string
  /** Trying again within seconds meets the same. */
  readonly isPermanent?: boolean
}

export function explainTrouble(error: unknown): Trouble {
  if (error instanceof ProxyError)
    return { what: error.message, fix: error.fix, isPermanent: error.isPermanent }
  const code = codeOf(error)
  if (isUnknownIssuer(error)) return unknownIssuer
  const known = code === undefined ? undefined : troubles[code]
  if (known !== undefined) return known
  const message = error instanceof Error ? error.message : ''
  if (isNoCommonProtocol(error)) return noCommonProtocol
  return { what: message || code || 'connection failed', isPermanent: /^ERR_(SSL|TLS)|CERT/.test(code ?? '') }
}

export function describeTrouble(error: unknown): string {
  return explainTrouble(error).what
}

/** True when the certificate may be fine, but none of the authorities asked vouches for it. */
export function isUnknownIssuer(error: unknown): boolean {
  return unknownIssuerCodes.has(codeOf(error) ?? '')
}

/** True when the other side speaks none of the versions of HTTP offered to it. */
export function isNoCommonProtocol(error: unknown): boolean {
  return /ALPN|APPLICATION_PROTOCOL/.test(codeOf(error) ?? '')
}

const unknownIssuerCodes: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

const unknownIssuer: Trouble = {
  what: 'its certificate is signed by an authority this machine does not know',
  fix: 'Name the CA file of your company in NODE_EXTRA_CA_CERTS and log in again, which remembers it.',
  isPermanent: true,
}

const noCommonProtocol: Trouble = {
  what: 'it speaks neither HTTP/2 nor HTTP/1.1 over TLS',
  fix: 'Check the port in the workspace URL; let what answers there speak one of the two.',
  isPermanent: true,
}

const dates =
  'Check the clock of this machine; if it is right, the certificate of the gateway must be renewed.'
const notTls = {
  what: 'it does not speak TLS on this port',
  fix: 'Check the port in the workspace URL.',
  isPermanent: true,
}

const troubles: Readonly<Record<string, Trouble>> = {
  ECONNREFUSED: { what: 'connection refused' },
  ENOTFOUND: { what: 'host name not found' },
  EAI_AGAIN: { what: 'host name could not be looked up' },
  ECONNRESET: { what: 'connection reset' },
  ETIMEDOUT: { what: 'no sign of life from the other side, as after sleep or a change of network' },
  ENETUNREACH: { what: 'no network' },
  EHOSTUNREACH: { what: 'no way to the host' },
  UND_ERR_CONNECT_TIMEOUT: { what: 'no answer to the connection attempt' },
  UND_ERR_SOCKET: { what: 'connection closed by the other side' },
  CERT_HAS_EXPIRED: { what: 'its certificate has expired', fix: dates, isPermanent: true },
  CERT_NOT_YET_VALID: { what: 'its certificate is not valid yet', fix: dates, isPermanent: true },
  CERT_REVOKED: { what: 'its certificate was revoked', isPermanent: true },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    what: 'its certificate is for another name',
    fix: 'Use the name the certificate was made for in the workspace URL.',
    isPermanent: true,
  },
  ERR_SSL_WRONG_VERSION_NUMBER: notTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: notTls,
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  return error instanceof AggregateError ? codeOf(error.errors[0]) : undefined
}
