import type { Network } from '../http/network.ts'
import { isLoopback } from '../workspace-url.ts'

/** The proxy on the way to an origin, or undefined when it is reached directly: the rules of http/gateway.ts. */
export function chooseProxy(
  { protocol, hostname, port }: URL,
  { httpsProxy, httpProxy, noProxy = '' }: Network,
): URL | undefined {
  const text = httpsProxy ?? httpProxy
  if (text === undefined || isLoopback(hostname)) return undefined
  const ownPort = port || (protocol === 'https:' ? '443' : '80')
  if (
    noProxy
      .toLowerCase()
      .split(/[\s,]+/)
      .some((entry) => isExempt(entry, hostname, ownPort))
  ) {
    return undefined
  }
  return URL.canParse(text) ? new URL(text) : undefined
}

function isExempt(entry: string, hostname: string, port: string): boolean {
  if (entry === '' || entry === '*') return entry === '*'
  const [, name = entry, onlyPort = port] = /^(.+):(\d+)$/.exec(entry) ?? []
  const domain = name.replace(/^\*?\./, '')
  return onlyPort === port && (hostname === domain || hostname.endsWith(`.${domain}`))
}
