import { describe, expect, it } from 'vitest'
import { chooseProxy } from './proxy-choice.ts'

const httpsProxy = 'http://proxy.test:3128'
const via = (url: string, noProxy?: string) =>
  chooseProxy(new URL(url), { httpsProxy, ...(noProxy !== undefined && { noProxy }) })?.host

describe('NO_PROXY', () => {
  it.each([
    ['gateway.corp.test', 'gateway.corp.test'],
    ['gateway.corp.test', 'GATEWAY.corp.TEST'],
    ['gateway.corp.test', 'corp.test'],
    ['gateway.corp.test', '.corp.test'],
    ['gateway.corp.test', '*.corp.test'],
    ['gateway.corp.test', 'a.test, corp.test'],
    ['gateway.corp.test', 'a.test corp.test'],
    ['gateway.corp.test', 'gateway.corp.test:443'],
    ['gateway.corp.test:8443', 'corp.test:8443'],
    ['gateway.corp.test', '*'],
    ['10.1.2.3', '10.0.0.0/8'],
    ['10.1.2.3', '10.1.2.3'],
    ['[2001:db8::7]', '2001:db8::/32'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:8443', '[2001:db8::7]:8443'],
  ])('exempts %s by "%s"', (host, noProxy) => {
    expect(via(`https://${host}/ws/demo`, noProxy)).toBeUndefined()
  })

  it.each([
    ['gateway.corp.test', 'other.test'],
    ['gateway.corp.test', 'way.corp.test'],
    ['gateway.corp.test', 'gateway.corp.test:8443'],
    ['gateway.corp.test', '10.0.0.0/8'],
    ['11.1.2.3', '10.0.0.0/8'],
    ['10.1.2.3', '10.0.0.0/99'],
    ['10.1.2.3', 'nonsense/8'],
    ['[2001:db8::7]', '10.0.0.0/8'],
    ['gateway.corp.test', ''],
  ])('does not exempt %s by "%s"', (host, noProxy) => {
    expect(via(`https://${host}/ws/demo`, noProxy)).toBe('proxy.test:3128')
  })
})

it.each(['http://127.0.0.1:8787', 'https://localhost', 'http://[::1]:8787'])(
  'reaches %s directly',
  (origin) => {
    expect(via(`${origin}/ws/demo`)).toBeUndefined()
  },
)

it('takes a proxy without a scheme for an HTTP proxy, and HTTP_PROXY where HTTPS_PROXY is missing', () => {
  const gateway = new URL('https://gateway.test')
  expect(chooseProxy(gateway, { httpsProxy: 'proxy.test:3128' })?.href).toBe('http://proxy.test:3128/')
  expect(chooseProxy(gateway, { httpProxy: 'http://proxy.test' })?.href).toBe('http://proxy.test/')
})

it('refuses a proxy it cannot speak to, without repeating the password in it', () => {
  const choose = () =>
    chooseProxy(new URL('https://gateway.test'), { httpsProxy: 'socks5://a:secret@proxy.test' })
  expect(choose).toThrow('not supported (socks5://)')
  expect(choose).not.toThrow('secret')
})
