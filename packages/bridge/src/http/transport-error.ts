/** The connection failed. `sent` says whether the gateway may have seen the request. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly sent: boolean

  constructor(sent: boolean, cause: Error) {
    super(describe(cause), { cause })
    this.sent = sent
  }

  /** A wrong certificate does not mend itself within seconds. */
  get isPermanent(): boolean {
    return !this.sent && /CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|UNABLE_TO_/.test(codeOf(this.cause) ?? '')
  }
}

const descriptions: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name could not be looked up',
  ECONNRESET: 'connection reset',
  UND_ERR_CONNECT_TIMEOUT: 'no answer to the connection attempt',
  UND_ERR_SOCKET: 'connection closed by the other side',
}

function describe(error: Error): string {
  const code = codeOf(error)
  return (
    (code === undefined ? undefined : descriptions[code]) ?? (error.message || code || 'connection failed')
  )
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  return error instanceof AggregateError ? codeOf(error.errors[0]) : undefined
}
