import dns from 'node:dns'
import net from 'node:net'
import ipaddr from 'ipaddr.js'
import { GatewayError } from '../model/error.ts'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Addresses at which clouds hand out the machine's own credentials: refused even where the operator allows more. */
const METADATA = [
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd20:ce::254',
]
const METADATA_NAMES = new Set(['metadata.google.internal', 'metadata', 'instance-data'])

/** Decides which addresses may be reached as servers, when one is saved and again for every connection. */
export interface AddressGuard {
  /** Throws `invalid_request` unless every address the URL's host stands for may be reached. */
  checkUrl(url: string): Promise<void>
  /** Throws when the host is an address that may not be reached; names pass, `lookup` checks them. */
  checkHost(host: string): void
  /** For `net.connect`: resolves, checks all addresses, and answers the ones that were checked. */
  lookup: net.LookupFunction
}

/** `allowed`: CIDR ranges beside the public Internet, e.g. `10.0.0.0/8`. Throws `configuration` for an unreadable one. */
export function createAddressGuard(allowed: readonly string[]): AddressGuard {
  const ranges = allowed.map(parseRange)
  const mayReach = (text: string) => isReachable(unwrap(ipaddr.parse(text)), ranges)

  function checkHost(host: string): void {
    const name = bareHost(host)
    if (METADATA_NAMES.has(name)) throw refused(host)
    if (net.isIP(name) !== 0 && !mayReach(name)) throw refused(host)
  }

  const lookup: net.LookupFunction = (host, options, done) => {
    dns.lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, [])
      if (addresses.length === 0 || !addresses.every(({ address }) => mayReach(address)))
        return done(refused(host), [])
      if (options.all) return done(null, addresses)
      const [first] = addresses
      done(null, first?.address ?? '', first?.family)
    })
  }

  async function checkUrl(url: string): Promise<void> {
    const { hostname } = new URL(url)
    checkHost(hostname)
    if (net.isIP(bareHost(hostname)) !== 0) return
    const addresses = await dns.promises.lookup(bareHost(hostname), { all: true }).catch((cause) => {
      throw new GatewayError('invalid_request', `The host "${hostname}" is unknown.`, {
        cause,
        fix: 'Check the URL for a typing error.',
      })
    })
    if (!addresses.every(({ address }) => mayReach(address))) throw refused(hostname)
  }

  return { checkUrl, checkHost, lookup }
}

function parseRange(text: string): [Address, number] {
  try {
    return ipaddr.parseCIDR(text)
  } catch (cause) {
    const message = `"${text}" is not an address range.`
    throw new GatewayError('configuration', message, { cause, fix: 'Write it like 10.0.0.0/8 or fd00::/8.' })
  }
}

/** Brackets of IPv6 and one trailing dot say nothing about where a name leads. */
function bareHost(host: string): string {
  return host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
}

/** The IPv4 address inside an IPv6 one that only wraps it. */
function unwrap(address: Address): Address {
  if (address.kind() === 'ipv4') return address
  const v6 = address as ipaddr.IPv6
  if (v6.isIPv4MappedAddress()) return v6.toIPv4Address()
  const bytes = v6.toByteArray()
  const wrapsAt = embeddedIPv4At(v6)
  return wrapsAt === undefined ? v6 : ipaddr.fromByteArray(bytes.slice(wrapsAt, wrapsAt + 4))
}

/** NAT64 (RFC 6052, RFC 8215) keeps the address at the end, 6to4 (RFC 3056) behind its prefix. */
function embeddedIPv4At(address: ipaddr.IPv6): number | undefined {
  if (address.match(ipaddr.parseCIDR('64:ff9b::/96') as [ipaddr.IPv6, number])) return 12
  if (address.match(ipaddr.parseCIDR('2002::/16') as [ipaddr.IPv6, number])) return 2
  return undefined
}

function isReachable(address: Address, allowed: readonly [Address, number][]): boolean {
  const text = address.toString()
  if (METADATA.includes(text)) return false
  if (address.range() === 'unicast' && !isOutsideGlobalUnicast(address)) return true
  return allowed.some(([range, bits]) => range.kind() === address.kind() && matches(address, range, bits))
}

function matches(address: Address, range: Address, bits: number): boolean {
  if (address.kind() === 'ipv4') return (address as ipaddr.IPv4).match(range as ipaddr.IPv4, bits)
  return (address as ipaddr.IPv6).match(range as ipaddr.IPv6, bits)
}

/** What the library counts as ordinary although no Internet address begins so, such as ::7f00:1 (IANA, RFC 4291). */
function isOutsideGlobalUnicast(address: Address): boolean {
  if (address.kind() === 'ipv4') return false
  return !(address as ipaddr.IPv6).match(ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number])
}

function refused(host: string): GatewayError {
  return new GatewayError(
    'invalid_request',
    `The host "${host}" leads to a private, local or reserved address.`,
    {
      fix: 'Start the control plane with --allow-upstream and the address range, if this server is meant to be reached.',
    },
  )
}
