const LOOPBACK = /^http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost):\d{1,5}\/[\x21\x24-\x5b\x5d-\x7e]*$/

/** Whether a program on the same computer listens there: a code never goes anywhere else (RFC 8252, 7.3). */
export function isLoopbackRedirect(uri: string): boolean {
  return uri.length <= 500 && LOOPBACK.test(uri) && URL.canParse(uri)
}

/** Where an answer goes, in words for people: a host, this computer, or the scheme of a program. */
export function destinationOf(uri: string): string {
  if (uri.startsWith('http:')) return 'a program on this computer'
  const { protocol, host } = new URL(uri)
  return protocol === 'https:' ? host : `the program that opens ${protocol} links`
}

/** The redirect with parameters added to those it has. */
export function withParameters(uri: string, parameters: Record<string, string | undefined>): string {
  const url = new URL(uri)
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  return url.href
}
