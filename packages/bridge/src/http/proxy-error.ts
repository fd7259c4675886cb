/** The proxy stands in the way. Its message names the proxy without the login in its URL. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError'
  readonly fix: string
  readonly isPermanent: boolean

  constructor(message: string, options: { fix: string; isPermanent: boolean; cause?: unknown }) {
    super(message, { cause: options.cause })
    this.fix = options.fix
    this.isPermanent = options.isPermanent
  }
}

export function proxyRefusal(proxy: URL, target: string, status: number): ProxyError {
  if (status === 407) {
    return new ProxyError(
      `the proxy ${proxy.host} wants a login or does not accept the one it got: HTTP 407`,
      {
        fix: 'Put user and password into HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT), then log in to mcpgw again.',
        isPermanent: true,
      },
    )
  }
  return new ProxyError(`the proxy ${proxy.host} does not connect to ${target}: HTTP ${status}`, {
    fix: `Ask those who run the proxy to allow ${target}, or name the host in NO_PROXY if it can be reached directly.`,
    isPermanent: status < 500 && status !== 429,
  })
}
