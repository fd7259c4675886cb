import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Range = [start: Address, bits: number]

export interface ProxySettings {
  publicUrl: string | undefined
  /** Addresses and CIDR ranges of proxies in front of us; undefined when the operator named none. */
  trustedProxies: readonly string[] | undefined
}

/** Where requests come from, by the peer of the connection and, where that is a trusted proxy, `X-Forwarded-For`. */
export interface ClientAddresses {
  /** The address for people to read. */
  addressOf(peer: string | undefined, forwardedFor: string | undefined): string
  /**
   * What limits are counted against: the address, or the network of an IPv6 address, whose single user has all of its
   * 2^64 addresses.
   */
  networkOf(peer: string | undefined, forwardedFor: string | undefined): string
}

/** Whether a text names one address or a range of them. */
export function isAddressRange(text: string): boolean {
  return ipaddr.isValid(text) || ipaddr.isValidCIDR(text)
}

export function createClientAddresses(settings: ProxySettings): ClientAddresses {
  const { believes, isProxy } = trustOf(settings)

  function addressOf(peer: string | undefined, forwardedFor = ''): string {
    let address = plain(peer ?? '') ?? 'an unknown address'
    if (!believes(address)) return address
    // From the right: each proxy adds what it saw behind what it was told, and only the last one's word is known.
    for (const hop of forwardedFor.slice(-MAX_HEADER_CHARACTERS).split(',').reverse()) {
      const seen = plain(hop)
      if (seen === undefined) return address
      address = seen
      if (!isProxy(address)) return address
    }
    return address
  }

  return {
    addressOf,
    networkOf: (peer, forwardedFor) => networkOf(addressOf(peer, forwardedFor)),
  }
}

/** Twenty proxies in a row are more than there are. */
const MAX_HEADER_CHARACTERS = 1_000

interface Trust {
  /** Whether the header of a connection from there counts. */
  believes(address: string): boolean
  /** Whether an address in the header is one more proxy, so that the one before it counts. */
  isProxy(address: string): boolean
}

/**
 * Without proxies named, a public https URL says that one ends TLS in front of us, and only its own machine or network
 * is believed to be it. One hop of it: in a private network clients have private addresses too.
 */
function trustOf({ publicUrl, trustedProxies }: ProxySettings): Trust {
  if (trustedProxies !== undefined) {
    const ranges = trustedProxies.map(parseRange)
    const isTrusted = (address: string) => isWithin(address, ranges)
    return { believes: isTrusted, isProxy: isTrusted }
  }
  const hasProxy = publicUrl?.startsWith('https:') === true
  return { believes: (address) => hasProxy && isNearby(address), isProxy: () => false }
}

const NEARBY: ReadonlySet<string> = new Set([
  'loopback',
  'private',
  'uniqueLocal',
  'linkLocal',
  'carrierGradeNat',
])

function isNearby(address: string): boolean {
  return ipaddr.isValid(address) && NEARBY.has(ipaddr.process(address).range())
}

function parseRange(text: string): Range {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text)
  const address = ipaddr.process(text)
  return address instanceof ipaddr.IPv4 ? [address, 32] : [address, 128]
}

function isWithin(text: string, ranges: readonly Range[]): boolean {
  if (!ipaddr.isValid(text)) return false
  const address: Address = ipaddr.process(text)
  return ranges.some(([start, bits]) => address.kind() === start.kind() && address.match(start, bits))
}

/** An address without port, brackets and the IPv4-in-IPv6 form; undefined when it is none. */
function plain(text: string): string | undefined {
  const bare = text
    .trim()
    .replace(/^\[(.*)\](?::\d+)?$/, '$1')
    .replace(/^([\d.]+):\d+$/, '$1')
  // Four numbers and nothing shorter: other forms read as addresses that nobody meant.
  const isAddress = ipaddr.IPv6.isValid(bare) || ipaddr.IPv4.isValidFourPartDecimal(bare)
  return isAddress ? ipaddr.process(bare).toString() : undefined
}

function networkOf(text: string): string {
  if (!ipaddr.isValid(text)) return text
  const address = ipaddr.parse(text)
  return address instanceof ipaddr.IPv6 ? `${address.parts.slice(0, 4).join(':')}/64` : text
}
