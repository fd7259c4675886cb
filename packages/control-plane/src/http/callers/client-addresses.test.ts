import { describe, expect, it } from 'vitest'
import { createClientAddresses, isAddressRange, type ProxySettings } from './client-addresses.ts'

const HTTPS = 'https://gateway.example'

function addressOf(
  settings: Partial<ProxySettings>,
  peer: string | undefined,
  forwardedFor?: string,
): string {
  return createClientAddresses({ publicUrl: undefined, trustedProxies: undefined, ...settings }).addressOf(
    peer,
    forwardedFor,
  )
}

describe('[T9] the address of a client', () => {
  it.each<[string, Partial<ProxySettings>, peer: string, forwardedFor: string, address: string]>([
    ['the connection without a proxy', {}, '127.0.0.1', '198.51.100.1', '127.0.0.1'],
    ['what a proxy on this machine saw', { publicUrl: HTTPS }, '127.0.0.1', '198.51.100.1', '198.51.100.1'],
    [
      'what a proxy nearby saw',
      { publicUrl: HTTPS },
      '::ffff:10.1.2.3',
      '1.1.1.1, 198.51.100.1',
      '198.51.100.1',
    ],
    ['the connection from far away', { publicUrl: HTTPS }, '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    [
      'one hop only, as clients may be nearby too',
      { publicUrl: HTTPS },
      '10.0.0.1',
      '6.6.6.6, 10.0.0.7',
      '10.0.0.7',
    ],
    ['the proxy, when it says nothing', { publicUrl: HTTPS }, '127.0.0.1', '', '127.0.0.1'],
    [
      'the proxy, when it says no address',
      { publicUrl: HTTPS },
      '127.0.0.1',
      '6.6.6.6, unknown',
      '127.0.0.1',
    ],
    ['no number that reads as one', { publicUrl: HTTPS }, '127.0.0.1', '2130706433', '127.0.0.1'],
    [
      'without the port some proxies add',
      { publicUrl: HTTPS },
      '127.0.0.1',
      '198.51.100.1:4711',
      '198.51.100.1',
    ],
    ['without brackets', { publicUrl: HTTPS }, '127.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
    [
      'a named proxy’s word',
      { trustedProxies: ['203.0.113.0/24'] },
      '203.0.113.9',
      '198.51.100.1',
      '198.51.100.1',
    ],
    [
      'behind two named ones',
      { trustedProxies: ['203.0.113.0/24', '::1'] },
      '::1',
      '6.6.6.6, 198.51.100.1, 203.0.113.9',
      '198.51.100.1',
    ],
    [
      'nobody’s else word',
      { publicUrl: HTTPS, trustedProxies: ['203.0.113.9'] },
      '127.0.0.1',
      '198.51.100.1',
      '127.0.0.1',
    ],
    [
      'the furthest proxy, when all are',
      { trustedProxies: ['10.0.0.0/8'] },
      '10.0.0.1',
      '10.0.0.3, 10.0.0.2',
      '10.0.0.3',
    ],
  ])('is %s', (_what, settings, peer, forwardedFor, address) => {
    expect(addressOf(settings, peer, forwardedFor)).toBe(address)
  })

  it('is not known where there is no connection', () => {
    expect(addressOf({ publicUrl: HTTPS }, undefined, '198.51.100.1')).toBe('an unknown address')
  })

  it('is not searched for in an endless header', () => {
    const long = `${'10.0.0.1, '.repeat(100_000)}10.0.0.2`
    expect(addressOf({ trustedProxies: ['10.0.0.0/8'] }, '10.0.0.1', long)).toMatch(/^10\./)
  })

  it('counts as its whole network with IPv6, and as itself with IPv4', () => {
    const { networkOf } = createClientAddresses({ publicUrl: undefined, trustedProxies: undefined })
    expect(networkOf('2001:db8:1:2:3::1', undefined)).toBe(networkOf('2001:db8:1:2:ffff::9', undefined))
    expect(networkOf('2001:db8:1:2::1', undefined)).not.toBe(networkOf('2001:db8:1:3::1', undefined))
    expect(networkOf('::ffff:192.0.2.1', undefined)).toBe('192.0.2.1')
  })
})

it.each([
  ['10.0.0.0/8', true],
  ['::1', true],
  ['fd00::/8', true],
  ['192.0.2.1', true],
  ['10.0.0.0/33', false],
  ['proxy.internal', false],
  ['', false],
])('takes %s for an address or a range: %s', (text, is) => {
  expect(isAddressRange(text)).toBe(is)
})
