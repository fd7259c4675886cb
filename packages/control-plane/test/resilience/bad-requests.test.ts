import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintToken } from '../../src/access/token-format.ts'
import { ControlPlane } from '../control-plane.ts'
import { answerText, type SmallUpstream, startSmall } from './small-upstream.ts'
import { WireClient } from './wire-client.ts'

const MIB = 1024 * 1024
const MODERN = '2026-07-28'
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientInfo': { name: 'wire', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

let plane: ControlPlane
let upstream: SmallUpstream
let url: string
let client: WireClient
let ofAnotherWorkspace: string

beforeAll(async () => {
  upstream = await startSmall(['echo'], (call) => answerText(call, JSON.stringify(call.args)))
  plane = await ControlPlane.start()
  const team = await plane.workspace('team')
  ofAnotherWorkspace = (await plane.workspace('other')).token
  await plane.addServer('team', { name: 'up', url: upstream.url })
  url = team.url
  client = await WireClient.open(url, team.token)
}, 20_000)

afterAll(async () => {
  await plane[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

interface Said {
  status: number
  error: { code: number; message: string } | undefined
}

/** One POST, by hand: without the headers a client would add by itself. */
function post(body: string | Buffer, headers: Record<string, string> = {}, to = url): Promise<Said> {
  const all = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...client.headers,
    ...headers,
  }
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
  return new Promise((resolve, reject) => {
    const sent = request(to, { method: 'POST', headers: given, agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => {
        expect(text).not.toMatch(/\n\s+at |node:internal|\.ts:\d/)
        resolve({ status: response.statusCode ?? 0, error: JSON.parse(text).error })
      })
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const rpc = (method: string, params: object = {}) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
const callWith = (json: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"up__echo","arguments":{"a":${json}}}}`

describe('a request that cannot be served is told why, and the gateway goes on', () => {
  it.each<[string, string | Buffer, Record<string, string>, number, number, RegExp]>([
    [
      'no token',
      rpc('ping'),
      { authorization: '' },
      401,
      -31000,
      /^A token is needed, as "Authorization: Bearer TOKEN"\. Run "mcpgw login"/,
    ],
    ['another scheme', rpc('ping'), { authorization: 'Basic dTpw' }, 401, -31000, /^A token is needed/],
    [
      'a malformed token',
      rpc('ping'),
      { authorization: 'Bearer mcpgw_short' },
      401,
      -31000,
      /^This token is not accepted\. Ask an admin/,
    ],
    [
      'an unknown token',
      rpc('ping'),
      { authorization: `Bearer ${mintToken({ bytes: randomBytes })}` },
      401,
      -31000,
      /^This token is not accepted\. Ask an admin/,
    ],
    ['malformed JSON', '{"jsonrpc":"2.0","id":1', {}, 400, -32700, /^The body is not JSON: /],
    ['an empty body', '', {}, 400, -32700, /^The body is not JSON: /],
    [
      'bytes that are no UTF-8',
      Buffer.from('{"a":"\xff"}', 'latin1'),
      {},
      400,
      -32700,
      /^The body is not UTF-8\.$/,
    ],
    ['no message', '[]', {}, 400, -32600, /holds no message/],
    ['a number', '12', {}, 400, -32600, /^Not a JSON-RPC message/],
    [
      'an id that is none',
      '{"jsonrpc":"2.0","id":null,"method":"ping"}',
      {},
      400,
      -32600,
      /"id": must be a text or a number/,
    ],
    [
      'an array of params',
      '{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}',
      {},
      400,
      -32600,
      /at "params"/,
    ],
    [
      'too deep JSON',
      callWith(nested(80)),
      {},
      413,
      -31000,
      /nested more than 64 levels deep\. Send flatter data/,
    ],
    ['absurdly deep JSON', '['.repeat(1_000_000), {}, 413, -31000, /nested more than 64 levels deep/],
    [
      'too many JSON values',
      callWith(`[${'1,'.repeat(150_000)}1]`),
      {},
      413,
      -31000,
      /more than 100000 values\. Send the data in several calls/,
    ],
    [
      'a body that announces its size',
      Buffer.alloc(5_000_000, ' '),
      {},
      413,
      -31000,
      /larger than 4194304 bytes/,
    ],
    ['no content type', rpc('ping'), { 'content-type': '' }, 415, -32600, /Content-Type: application\/json/],
    [
      'a wrong content type',
      rpc('ping'),
      { 'content-type': 'text/plain' },
      415,
      -32600,
      /Content-Type: application\/json/,
    ],
    [
      'no session',
      rpc('tools/list'),
      { 'mcp-session-id': '' },
      400,
      -32600,
      /Mcp-Session-Id is missing\. Send "initialize" first/,
    ],
    [
      'a session that is none',
      rpc('tools/list'),
      { 'mcp-session-id': 'x' },
      404,
      -32600,
      /session is unknown or has ended/,
    ],
    ['an unknown method', rpc('no/such'), {}, 200, -32601, /^Unknown method: no\/such$/],
    ['a method every object has', rpc('constructor'), {}, 200, -32601, /^Unknown method: constructor$/],
    ['the prototype', rpc('__proto__'), {}, 200, -32601, /^Unknown method: __proto__$/],
    ['an unknown tool', rpc('tools/call', { name: 'constructor' }), {}, 200, -32602, /constructor/],
    ['no name', rpc('tools/call'), {}, 200, -32602, /needs params\.name/],
    [
      'a cursor that is none',
      rpc('tools/list', { cursor: 'x' }),
      {},
      200,
      -32602,
      /cursor is not one of this list/,
    ],
    ['a foreign page', rpc('ping'), { origin: 'https://evil.example' }, 403, -32600, /pages of this origin/],
    ['a foreign host', rpc('ping'), { host: 'rebound.example' }, 403, -32600, /--public-url/],
  ])('%s', async (_what, body, headers, status, code, message) => {
    expect(await post(body, headers)).toEqual({
      status,
      error: expect.objectContaining({ code, message: expect.stringMatching(message) }),
    })
    expect(await client.call('up__echo', { still: 'there' })).toBe('{"still":"there"}')
  })

  it.each(['no/such', 'constructor', '__proto__', 'toString'])(
    'the unknown method %s of a modern client',
    async (method) => {
      const headers = { 'mcp-session-id': '', 'mcp-protocol-version': MODERN, 'mcp-method': method }
      const { status, error } = await post(rpc(method, { _meta: ENVELOPE }), headers)
      expect({ status, error }).toEqual({
        status: 404,
        error: { code: -32601, message: `Unknown method: ${method}` },
      })
    },
  )

  it('a body that is too large and does not say so', async () => {
    for (let attempt = 0; attempt < 5; attempt++) {
      const said = await postChunks(12 * MIB)
      expect(said).toMatchObject({
        status: 413,
        error: { message: expect.stringMatching(/larger than 4194304/) },
      })
    }
    expect(await client.call('up__echo')).toBe('{}')
  })

  it('reads no endless body to its end', async () => {
    const sent = { bytes: 0 }
    // Whether the answer arrives before the connection is cut depends on the kernel.
    await postChunks(1024 * MIB, sent).catch((error) => expect(error.code).toMatch(/EPIPE|ECONNRESET/))
    expect(sent.bytes).toBeLessThan(128 * MIB)
    expect(await client.call('up__echo')).toBe('{}')
  })

  it('answers alike for a workspace that does not exist and for one that the token does not open', async () => {
    const unknown = await post(rpc('ping'), {}, `${plane.url}/ws/nowhere`)
    const foreign = await post(rpc('ping'), { authorization: `Bearer ${ofAnotherWorkspace}` })
    expect(unknown).toEqual({
      status: 404,
      error: expect.objectContaining({
        message:
          'There is no workspace "nowhere" that this token opens. Check the workspace in the URL, or ask its admin for a token.',
      }),
    })
    const text = JSON.stringify(foreign).replaceAll('team', 'nowhere')
    expect(text).toBe(JSON.stringify(unknown))
  })

  it('tells a client with a wrong address where to go', async () => {
    for (const path of ['/', '/mcp', '/ws', '/ws/', '/ws/TEAM', '/ws/team/more']) {
      const response = await fetch(`${plane.url}${path}`, { method: 'POST', body: '{}' })
      expect([path, response.status]).toEqual([path, 404])
      expect(await response.json()).toMatchObject({
        code: 'not_found',
        fix: expect.stringContaining('/ws/WORKSPACE'),
      })
    }
  })

  it('leaves no trace of any of it in the operator log, and no secret', async () => {
    expect(plane.stderr).not.toMatch(/"level":(50|60)/)
    expect(plane.stderr).not.toContain(client.token)
    expect(plane.stderr).not.toContain(plane.ownerToken)
  })
})

/** Counts in `counted` what was handed to the operating system. */
function postChunks(bytes: number, counted = { bytes: 0 }): Promise<Said> {
  const chunk = Buffer.alloc(65_536, 0x20)
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', ...client.headers, 'transfer-encoding': 'chunked' }
    const sent = request(url, { method: 'POST', headers, agent: false }, (response) => {
      let text = ''
      response.on('data', (part) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, error: JSON.parse(text).error }))
    })
    let left = bytes
    const write = () => {
      while (left > 0 && !sent.destroyed) {
        left -= chunk.length
        counted.bytes += chunk.length
        if (!sent.write(chunk)) return void sent.once('drain', write)
      }
      sent.end()
    }
    sent.on('error', reject)
    write()
  })
}
