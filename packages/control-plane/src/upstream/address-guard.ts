import dns from 'node:dns'
import net from 'node:net'
import os from 'node:os'
import ipaddr from 'ipaddr.js'
import { GatewayError } from '../model/error.ts'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Addresses at which clouds hand out the machine's own credentials: refused even where the operator allows more. */
const METADATA = [
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '169.254.0.23',
  '169.254.42.42',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd00:42::42',
  'fd20:ce::254',
]
const METADATA_NAMES = new Set(['metadata.google.internal', 'metadata', 'instance-data'])

/** Names for this machine and its network (RFC 6761, 6762, 8375, ICANN's .internal): whether one exists is nobody's business. */
const LOCAL_NAMES = /(?:^|\.)(?:localhost|local|internal|home\.arpa)$/

/** Decides which addresses may be reached as servers, when one is saved and again for every connection. */
export interface AddressGuard {
  /** Throws `invalid_request` unless every address the URL's host stands for may be reached. */
  checkUrl(url: string): Promise<void>
  /** Throws when the origin is ours, or its host an address that may not be reached; `lookup` checks names. */
  checkOrigin(origin: string): void
  /** For `net.connect` to that port: resolves, checks all addresses, and answers the ones that were checked. */
  lookup(port: number): net.LookupFunction
}

/** Where the gateway itself is reached: never a server of its own, whatever ranges are allowed. */
export interface OwnAddress {
  origin: string
  port: number
}

/**
 * `allowed`: CIDR ranges beside the public Internet, e.g. `10.0.0.0/8`. Throws `configuration` for an unreadable one.
 * `own` is asked each time: the port is known only once we listen.
 */
export function createAddressGuard(
  allowed: readonly string[],
  own: () => OwnAddress | undefined,
): AddressGuard {
  const ranges = allowed.map(parseRange)

  function requireReachable(host: string, addresses: readonly string[], port: number): void {
    if (addresses.length === 0) throw refused(host)
    for (const text of addresses) {
      const address = unwrap(ipaddr.parse(text))
      if (!isReachable(address, ranges)) throw refused(host)
      if (port === own()?.port && isOfThisMachine(address)) throw ownAddress(host)
    }
  }

  function checkOrigin(origin: string): void {
    const url = new URL(origin)
    const name = bareHost(url.hostname)
    if (url.origin === own()?.origin) throw ownAddress(url.hostname)
    if (METADATA_NAMES.has(name)) throw refused(url.hostname)
    if (ranges.length === 0 && LOCAL_NAMES.test(name)) throw refused(url.hostname)
    if (net.isIP(name) !== 0) requireReachable(url.hostname, [name], portOf(url))
  }

  const lookup = (port: number): net.LookupFunction => {
    return (host, options, done) => {
      dns.lookup(host, { ...options, all: true }, (error, found) => {
        if (error) return done(error, [])
        try {
          const addresses = found.map(({ address }) => address)
          requireReachable(host, addresses, port)
        } catch (refusal) {
          // The guard throws GatewayErrors only.
          return done(refusal as Error, [])
        }
        if (options.all) return done(null, found)
        const [first] = found
        done(null, first?.address ?? '', first?.family)
      })
    }
  }

  async function checkUrl(text: string): Promise<void> {
    const url = new URL(text)
    const { hostname } = url
    checkOrigin(url.origin)
    if (net.isIP(bareHost(hostname)) !== 0) return
    const addresses = await dns.promises.lookup(bareHost(hostname), { all: true }).catch((cause) => {
      throw new GatewayError('invalid_request', `The host "${hostname}" is unknown.`, {
        cause,
        fix: 'Check the URL for a typing error.',
      })
    })
    const texts = addresses.map(({ address }) => address)
    requireReachable(hostname, texts, portOf(url))
  }

  return { checkUrl, checkOrigin, lookup }
}

/** The port a URL leads to, said or not. */
export function portOf({ port, protocol }: URL): number {
  return port === '' ? (DEFAULT_PORT[protocol] ?? 0) : Number(port)
}

const DEFAULT_PORT: Record<string, number> = { 'http:': 80, 'https:': 443 }

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
  if (isMetadata(address)) return false
  if (address.range() === 'unicast' && !isOutsideGlobalUnicast(address)) return true
  return allowed.some(([range, bits]) => range.kind() === address.kind() && matches(address, range, bits))
}

/** Also inside of IPv6 in whatever way: translators keep the IPv4 address at the end, Teredo there with its bits flipped. */
function isMetadata(address: Address): boolean {
  if (METADATA.includes(address.toString())) return true
  if (address.kind() === 'ipv4') return false
  const end = address.toByteArray().slice(-4)
  const flipped = end.map((byte) => byte ^ 0xff)
  return [end, flipped].some((form) => METADATA.includes(ipaddr.fromByteArray(form).toString()))
}

/** Asked for each connection: addresses come and go while we run. */
function isOfThisMachine(address: Address): boolean {
  if (['loopback', 'unspecified'].includes(address.range())) return true
  const text = address.toString()
  const interfaces = Object.values(os.networkInterfaces()).flatMap((found) => found ?? [])
  return interfaces.some((own) => ipaddr.parse(own.address).toString() === text)
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

function ownAddress(host: string): GatewayError {
  return new GatewayError('invalid_request', `The host "${host}" leads back to this gateway.`, {
    fix: 'A gateway cannot be a server of itself. To share tools, add their server to both workspaces.',
  })
}
