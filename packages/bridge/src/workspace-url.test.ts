import { expect, it } from 'vitest'
import { parseWorkspaceUrl } from './workspace-url.ts'

it.each([
  ['https://gateway.example.com/ws/demo', 'https://gateway.example.com/ws/demo'],
  ['https://Gateway.Example.com:443/ws/demo/', 'https://gateway.example.com/ws/demo'],
  ['https://example.com/tools/ws/demo', 'https://example.com/tools/ws/demo'],
  ['http://localhost:8787/ws/demo', 'http://localhost:8787/ws/demo'],
  ['http://[::1]:8787/ws/demo', 'http://[::1]:8787/ws/demo'],
])('reads %s', (text, href) => {
  expect(parseWorkspaceUrl(text)).toMatchObject({ href, slug: 'demo' })
})

it.each([
  'demo',
  '',
  'javascript:alert(1)//ws/demo',
  'file:///ws/demo',
  'https://example.com/',
  'https://example.com/ws/',
  'https://example.com/ws/demo?token=1',
  'https://example.com/ws/demo#part',
  'https://user@example.com/ws/demo',
  'http://example.com/ws/demo',
  'http://127.0.0.1.example.com/ws/demo',
  'http://localhost.example.com/ws/demo',
  'http://10.0.0.1/ws/demo',
])('refuses %s as the place to send a token to', (text) => {
  expect(() => parseWorkspaceUrl(text)).toThrow()
})
