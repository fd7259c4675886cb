import { expect, it } from 'vitest'
import { readServerJson } from './server-json.ts'

const NOTES = { name: 'com.example/notes', remotes: [{ type: 'sse', url: 'https://example.com' }] }

it.each([
  ['alone', NOTES],
  ['as the registry answers with it', { server: NOTES, _meta: {} }],
])('finds a server.json %s', (_how, value) => {
  expect(readServerJson(JSON.stringify(value))).toEqual(NOTES)
})

it.each([
  ['a configuration of a client', '{"mcpServers":{"notes":{"url":"https://example.com"}}}'],
  [
    'a configuration whose server is called "server"',
    '{"mcpServers":{"server":{"url":"https://example.com"}}}',
  ],
  ['no JSON', '[mcp_servers.notes]'],
  ['a list', '[]'],
  ['half of one', '{"name":"com.example/notes"'],
])('finds none in %s', (_what, text) => {
  expect(readServerJson(text)).toBeUndefined()
})
