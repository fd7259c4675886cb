import { BlockList, isIP } from 'node:net'
import { BridgeError } from '../bridge-error.ts'
import { isLoopback } from '../workspace-url.ts'
import type { Network } from './network.ts'

/** The proxy on the way to this origin, or undefined when it is reached directly. Loopback always is. */
export function chooseProxy(origin: URL, { httpsProxy, httpProxy, noProxy = '' }: Network): URL | undefined {
  const text = httpsProxy ?? httpProxy
  if (text === undefined || isLoopback(origin.hostname) || isExempt(origin, noProxy)) return undefined
  return parseProxy(text, origin)
}

function parseProxy(text: string, origin: URL): URL {
  const address = text.includes('://') ? text : `http://${text}`
  const proxy = URL.canParse(address) ? new URL(address) : undefined
  if (proxy?.protocol === 'http:' || proxy?.protocol === 'https:') return proxy
  // The text itself may hold a password.
  const what =
    proxy === undefined ? 'is not a URL' : `is of a kind that is not supported (${proxy.protocol}//)`
  throw new BridgeError('usage', `The proxy set for this network ${what}.`, {
    fix: `Name an http:// or https:// proxy in HTTPS_PROXY, or ${origin.hostname} in NO_PROXY.`,
  })
}

function isExempt(origin: URL, noProxy: string): boolean {
  const host = withoutBrackets(origin.hostname)
  const port = origin.port || (origin.protocol === 'https:' ? '443' : '80')
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && matches(entry, host, port))
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) return isInSubnet(host, entry)
  if (isIP(entry) !== 0) return entry === host
  const [, name = entry, onlyPort = port] = /^(.+):(\d+)$/.exec(entry) ?? []
  const domain = withoutBrackets(name).replace(/^\*?\./, '')
  return onlyPort === port && (host === domain || host.endsWith(`.${domain}`))
}

function isInSubnet(host: string, subnet: string): boolean {
  const [address = '', prefix] = subnet.split('/')
  const family = (text: string) => (isIP(text) === 6 ? 'ipv6' : 'ipv4')
  const bits = Number(prefix)
  const isSubnet =
    isIP(address) !== 0 && Number.isInteger(bits) && bits >= 0 && bits <= (isIP(address) === 6 ? 128 : 32)
  if (!isSubnet || isIP(host) === 0) return false
  const list = new BlockList()
  list.addSubnet(address, bits, family(address))
  return list.check(host, family(host))
}

function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}
