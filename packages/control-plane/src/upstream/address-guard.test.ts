import type { LookupAddress, LookupOptions } from 'node:dns'
import dns from 'node:dns'
import os from 'node:os'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createAddressGuard } from './address-guard.ts'

const nowhere = () => undefined
const guard = createAddressGuard([], nowhere)
const refused = expect.objectContaining({ code: 'invalid_request' })
const refusal = (host: string, allowed: string[] = []) =>
  thrownBy(() => createAddressGuard(allowed, nowhere).checkOrigin(`http://${host}`))

/** As an admin would write them into a server's URL. Each must be refused, however the URL parser reads it. */
const REFUSED_HOSTS = [
  // Loopback, in the spellings that a URL parser takes for 127.0.0.1.
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0x7F.0x0.0x0.0x1',
  '017700000001',
  '0177.0.0.1',
  '0177.0.0.0x1',
  '127.255.255.254',
  '127.0.0.1.',
  '%31%32%37.0.0.1',
  '127。0。0。1',
  '①②⑦.⓪.⓪.①',
  'user:pass@127.0.0.1',
  // Anything but the Internet, in IPv4.
  '0.0.0.0',
  '0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.255',
  '012.0.0.1',
  '100.64.0.1',
  '100.127.255.255',
  '169.254.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '0xac.0x10.0.1',
  '192.0.0.1',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.0.1',
  '192.168.257',
  '3232235777',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  // The same in IPv6.
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::127.0.0.1]',
  '[::7f00:1]',
  '[::10.0.0.1]',
  '[fe80::1]',
  '[febf::1]',
  '[fec0::1]',
  '[fc00::1]',
  '[fdff:ffff::1]',
  '[ff02::1]',
  '[2001:db8::1]',
  '[2001::1]',
  '[2001:2::1]',
  '[3fff::1]',
  '[5f00::1]',
  '[100::1]',
  '[4000::1]',
  // IPv4 inside of IPv6: mapped, translated, NAT64, 6to4, Teredo.
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:ffff:10.0.0.1]',
  '[::ffff:a9fe:a9fe]',
  '[::ffff:0:127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b::a00:1]',
  '[64:ff9b:1::1]',
  '[2002:7f00:1::]',
  '[2002:a00:1::1]',
  '[2002:c0a8:101::1]',
  '[2001:0:7f00:1::1]',
  // Where clouds hand out credentials.
  '169.254.169.254',
  '0xa9fea9fe',
  '[fd00:ec2::254]',
  '[fd20:ce::254]',
  '100.100.100.200',
  '168.63.129.16',
  'metadata.google.internal',
  'METADATA.google.internal.',
  'metadata',
  // Names for this machine and its own network, whether there are such or not.
  'localhost',
  'LOCALHOST.',
  'a.localhost',
  'printer.local',
  'db.corp.internal',
  'router.home.arpa',
]

/** The nearest neighbours of what is refused, and addresses that everybody may reach. */
const ACCEPTED_HOSTS = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '126.255.255.255',
  '128.0.0.1',
  '169.253.255.255',
  '169.255.0.1',
  '172.15.255.254',
  '172.32.0.1',
  '191.255.255.255',
  '192.167.255.255',
  '192.169.0.1',
  '198.17.255.255',
  '198.20.0.1',
  '223.255.255.255',
  // 169.254.169.254 with its bits flipped, as Teredo would hold it, is an ordinary address of its own.
  '86.1.86.1',
  '[2606:4700::1111]',
  '[2001:4860:4860::8888]',
  '[2a00:1450::1]',
  '[::ffff:8.8.8.8]',
  '[64:ff9b::8.8.8.8]',
  '[2002:808:808::1]',
]

describe('[M7] a server at an address', () => {
  it.each(REFUSED_HOSTS)('that is not of the Internet is refused: %s', async (host) => {
    const { hostname } = new URL(`https://${host}/mcp`)
    expect(thrownBy(() => guard.checkOrigin(`https://${hostname}`))).toEqual(refused)
    await expect(guard.checkUrl(`https://${host}/mcp`)).rejects.toEqual(refused)
  })

  it.each(ACCEPTED_HOSTS)('of the Internet is accepted: %s', async (host) => {
    const { hostname } = new URL(`https://${host}/mcp`)
    expect(() => guard.checkOrigin(`https://${hostname}`)).not.toThrow()
    await expect(guard.checkUrl(`https://${host}/mcp`)).resolves.toBeUndefined()
  })

  it('is refused with a word on how to allow it, and without more', () => {
    expect(refusal('10.0.0.1')).toMatchObject({
      message: 'The host "10.0.0.1" leads to a private, local or reserved address.',
      fix: expect.stringContaining('--allow-upstream'),
    })
  })
})

describe('[M7] ranges that the operator allows', () => {
  it.each([
    ['10.0.0.0/8', '10.1.2.3'],
    ['127.0.0.0/8', '127.0.0.1'],
    ['192.168.7.7/32', '192.168.7.7'],
    ['::1/128', '[::1]'],
    ['fd00::/8', '[fd12::1]'],
    ['10.0.0.0/8', '[::ffff:10.0.0.1]'],
    ['10.0.0.0/8', '[64:ff9b::10.0.0.1]'],
  ])('%s let %s through', (range, host) => expect(refusal(host, [range])).toBeUndefined())

  it.each([
    ['10.0.0.0/9', '10.128.0.1'],
    ['192.168.7.7/32', '192.168.7.8'],
    ['127.0.0.0/8', '[::1]'],
    ['::1/128', '127.0.0.1'],
    ['10.0.0.0/8', '[2002:c0a8:101::1]'],
  ])('%s do not let %s through', (range, host) => expect(refusal(host, [range])).toEqual(refused))

  it.each([
    '169.254.169.254',
    '169.254.170.2',
    '169.254.170.23',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '[fd00:ec2::254]',
    '[fd20:ce::254]',
    '[::ffff:169.254.169.254]',
    '[64:ff9b::169.254.169.254]',
    '[2002:a9fe:a9fe::1]',
    '[64:ff9b:1::169.254.169.254]',
    '[::ffff:0:169.254.169.254]',
    '[::169.254.169.254]',
    '[fe80::5efe:a9fe:a9fe]',
    '[2001:0:7f00:1:0:0:5601:5601]',
    '169.254.0.23',
    '[fd00:ec2::23]',
    'metadata.google.internal',
    'instance-data',
  ])('never let %s through, where clouds hand out credentials', (host) => {
    expect(refusal(host, ['0.0.0.0/0', '::/0'])).toEqual(refused)
  })

  it.each(['10.0.0.0', '10.0.0.0/33', 'localhost', '', '10.0.0.0/8,fd00::/8'])(
    'are refused when unreadable: %j',
    (range) => {
      expect(thrownBy(() => createAddressGuard([range], nowhere))).toMatchObject({ code: 'configuration' })
    },
  )
})

describe('the gateway itself', () => {
  const own = () => ({ origin: 'https://gateway.example', port: 8787 })
  const allowing = createAddressGuard(['0.0.0.0/0', '::/0'], own)

  it.each([
    'https://gateway.example',
    'https://GATEWAY.example:443',
    'http://127.0.0.1:8787',
    'http://127.9.9.9:8787',
    'http://[::1]:8787',
    'http://0.0.0.0:8787',
    'http://[::ffff:127.0.0.1]:8787',
    ...Object.values(os.networkInterfaces())
      .flatMap((found) => found ?? [])
      .filter(({ scopeid }) => !scopeid)
      .map(({ address, family }) => `http://${family === 'IPv6' ? `[${address}]` : address}:8787`),
  ])('[M9] is no server of its own, whatever is allowed: %s', (origin) => {
    expect(thrownBy(() => allowing.checkOrigin(origin))).toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('leads back to this gateway'),
    })
  })

  it('[M9] is found out behind a name, when it is saved and at each connection', async () => {
    const back = expect.objectContaining({ message: 'The host "localhost" leads back to this gateway.' })
    await expect(allowing.checkUrl('http://localhost:8787/ws/team')).rejects.toEqual(back)
    await expect(lookUp(allowing, 'localhost', { all: true }, 8787)).rejects.toEqual(back)
  })

  it('leaves other programs on this machine alone', async () => {
    expect(() => allowing.checkOrigin('http://127.0.0.1:8788')).not.toThrow()
    expect(() => allowing.checkOrigin('http://gateway.example:8080')).not.toThrow()
    await expect(lookUp(allowing, 'localhost', { all: true }, 8788)).resolves.toBeDefined()
  })
})

describe('[M7] a name', () => {
  afterEach(() => vi.restoreAllMocks())

  it('passes until it is resolved', () => {
    for (const name of ['example.com', 'local.example.com', 'metadata.example.com'])
      expect(() => guard.checkOrigin(`http://${name}`)).not.toThrow()
  })

  it.each(['localhost', 'LOCALHOST'])('that leads to this machine is refused: %s', async (name) => {
    await expect(guard.checkUrl(`http://${name}:1234/`)).rejects.toEqual(refused)
    await expect(lookUp(guard, name, { all: true })).rejects.toEqual(refused)
    await expect(lookUp(guard, name, {})).rejects.toEqual(refused)
  })

  it('that leads to an allowed range is answered with the addresses that were checked', async () => {
    const allowing = createAddressGuard(['127.0.0.0/8', '::1/128'], nowhere)
    await expect(allowing.checkUrl('http://localhost/')).resolves.toBeUndefined()
    const all = await lookUp(allowing, 'localhost', { all: true })
    expect(all).toContainEqual(
      expect.objectContaining({ address: expect.stringMatching(/^127\.0\.0\.1$|^::1$/) }),
    )
    expect(await lookUp(allowing, 'localhost', { family: 4 })).toEqual({ address: '127.0.0.1', family: 4 })
  })

  it('that nobody knows is refused with a word on typing errors', async () => {
    const unknown = 'no-such-host.invalid'
    await expect(guard.checkUrl(`https://${unknown}/`)).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(unknown),
      fix: expect.stringContaining('typing error'),
    })
    await expect(lookUp(guard, unknown, { all: true })).rejects.toMatchObject({ syscall: 'getaddrinfo' })
  }, 30_000)

  it('with one good and one bad address is refused, as is one with none', async () => {
    answerWith([
      { address: '8.8.8.8', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ])
    await expect(lookUp(guard, 'mixed.example', { all: true })).rejects.toEqual(refused)
    await expect(lookUp(guard, 'mixed.example', {})).rejects.toEqual(refused)
    answerWith([])
    await expect(lookUp(guard, 'empty.example', { all: true })).rejects.toEqual(refused)
  })

  it('that led elsewhere when it was saved is judged again at each connection', async () => {
    answerWith([{ address: '8.8.8.8', family: 4 }])
    expect(await lookUp(guard, 'rebound.example', {})).toEqual({ address: '8.8.8.8', family: 4 })
    answerWith([{ address: '::ffff:169.254.169.254', family: 6 }])
    await expect(lookUp(guard, 'rebound.example', {})).rejects.toEqual(refused)
  })
})

/** Stands in for a name server of somebody else: what it answers cannot be had from a real one. */
function answerWith(addresses: LookupAddress[]): void {
  const answer = (
    _host: string,
    _options: LookupOptions,
    done: (error: null, found: LookupAddress[]) => void,
  ) => done(null, addresses)
  // The guard asks for all addresses, which is one of the forms of dns.lookup.
  vi.spyOn(dns, 'lookup').mockImplementation(answer as unknown as typeof dns.lookup)
}

function lookUp(
  { lookup }: ReturnType<typeof createAddressGuard>,
  host: string,
  options: LookupOptions,
  port = 443,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    lookup(port)(host, options, (error, address, family) => {
      if (error) reject(error)
      else resolve(Array.isArray(address) ? address : { address, family })
    })
  })
}

function thrownBy(action: () => unknown): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return error
  }
}
