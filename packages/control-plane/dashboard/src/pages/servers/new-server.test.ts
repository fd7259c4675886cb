import { describe, expect, it } from 'vitest'
import {
  argumentsOf,
  EMPTY_HOSTED,
  EMPTY_REMOTE,
  hostedServer,
  nameFromUrl,
  namesNeeded,
  placeholderFor,
  placeOf,
  remoteServer,
} from './new-server.ts'

describe('a new server', () => {
  it('keeps a bearer token out of what everybody who manages it can read', () => {
    const { server, values } = remoteServer({
      ...EMPTY_REMOTE,
      name: 'github',
      url: ' https://api.example.com/mcp ',
      auth: 'bearer',
      secret: ' s3cret\n',
    })
    expect(server).toEqual({
      name: 'github',
      url: 'https://api.example.com/mcp',
      transport: 'auto',
      headers: { Authorization: 'Bearer {{TOKEN}}' },
    })
    expect(values).toEqual({ TOKEN: 's3cret' })
  })

  it('gives every secret header a placeholder of its own', () => {
    const entry = { id: 1, secret: true }
    const { server, values } = remoteServer({
      ...EMPTY_REMOTE,
      auth: 'header',
      header: 'X-Api-Key',
      secret: 'a',
      more: [
        { ...entry, name: 'x_api_key', value: 'b' },
        { ...entry, name: 'X-Team', value: 'web', secret: false },
        { ...entry, name: ' ', value: '' },
      ],
    })
    expect(server.headers).toEqual({
      'X-Api-Key': '{{X_API_KEY}}',
      x_api_key: '{{X_API_KEY_2}}',
      'X-Team': 'web',
    })
    expect(values).toEqual({ X_API_KEY: 'a', X_API_KEY_2: 'b' })
  })

  it('says nothing of a secret in the description of a hosted server', () => {
    const { server, values } = hostedServer({
      ...EMPTY_HOSTED,
      name: 'db',
      command: 'node',
      args: 'server.js\n\n--key={{ARG_KEY}}\n  two words ',
      env: [
        { id: 1, name: 'DB_PASSWORD', value: 'pw', secret: true },
        { id: 2, name: 'LOG', value: 'info', secret: false },
      ],
      values: { ARG_KEY: 'k', GONE: 'left over' },
    })
    expect(server).toEqual({
      name: 'db',
      command: 'node',
      args: ['server.js', '--key={{ARG_KEY}}', '  two words '],
      env: { DB_PASSWORD: '{{DB_PASSWORD}}', LOG: 'info' },
    })
    expect(values).toEqual({ ARG_KEY: 'k', DB_PASSWORD: 'pw' })
  })

  it('makes only placeholders that the control plane takes', () => {
    for (const name of ['X-Api-Key', '1st', '---', 'é', 'a'.repeat(200)])
      expect(namesNeeded({ args: [`{{${placeholderFor(name)}}}`] })).toHaveLength(1)
  })

  it('finds each name once, wherever it is asked for', () => {
    expect(namesNeeded({ headers: { A: 'Bearer {{T}}', B: '{{T}}' }, args: ['{{ no }}', '{{U}}'] })).toEqual([
      'T',
      'U',
    ])
  })

  it('reads arguments line by line', () => {
    expect(argumentsOf('-y\r\npkg@1.0.0\n\n')).toEqual(['-y', 'pkg@1.0.0'])
  })

  it('suggests a name from where a server is', () => {
    expect(nameFromUrl('https://mcp.linear.app/sse')).toBe('linear')
    expect(nameFromUrl('https://api.githubcopilot.com/mcp/')).toBe('githubcopilot')
    expect(nameFromUrl('http://127.0.0.1:3000/mcp')).toBe('')
    expect(nameFromUrl('http://jira/mcp')).toBe('jira')
    expect(nameFromUrl('not a url')).toBe('')
  })

  it('puts a refusal at the field it is about', () => {
    expect(placeOf('"url" must begin with https:// or http://.')).toBe('url')
    expect(placeOf('The host "localhost" leads to a private, local or reserved address.')).toBe('url')
    expect(placeOf('The header "Host" is written by the gateway itself and cannot be set.')).toBe('headers')
    expect(placeOf('"env.A B" has a name that no environment variable can have.')).toBe('env')
    expect(placeOf('An argument seems to hold a secret in plain text.')).toBe('args')
    expect(placeOf('Something else.')).toBeUndefined()
  })
})
