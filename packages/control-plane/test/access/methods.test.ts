import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MCP_METHODS } from '../../src/access/mcp-methods.ts'
import { ControlPlane } from '../control-plane.ts'
import { answerText, startSmall } from '../resilience/small-upstream.ts'
import { WireClient } from '../resilience/wire-client.ts'
import { ENVELOPE, MODERN } from './doors.ts'

/**
 * Every request of both eras, written down here by hand: what the specification knows, what clients answer to servers,
 * and names that must mean nothing.
 */
const METHODS: Record<string, { legacy: boolean; modern: boolean; params?: Record<string, unknown> }> = {
  initialize: { legacy: true, modern: false, params: { protocolVersion: '2025-11-25', capabilities: {} } },
  ping: { legacy: true, modern: false },
  'logging/setLevel': { legacy: true, modern: false, params: { level: 'info' } },
  'resources/subscribe': { legacy: true, modern: false, params: { uri: 'a:b' } },
  'resources/unsubscribe': { legacy: true, modern: false, params: { uri: 'a:b' } },
  'server/discover': { legacy: false, modern: true },
  'subscriptions/listen': { legacy: false, modern: true, params: { notifications: {} } },
  'tools/list': { legacy: true, modern: true },
  'tools/call': { legacy: true, modern: true, params: { name: 'up__echo', arguments: {} } },
  'prompts/list': { legacy: true, modern: true },
  'prompts/get': { legacy: true, modern: true, params: { name: 'none' } },
  'resources/list': { legacy: true, modern: true },
  'resources/templates/list': { legacy: true, modern: true },
  'resources/read': { legacy: true, modern: true, params: { uri: 'a:b' } },
  'completion/complete': {
    legacy: true,
    modern: true,
    params: { ref: { type: 'ref/prompt', name: 'none' }, argument: { name: 'a', value: '' } },
  },
  'sampling/createMessage': { legacy: false, modern: false },
  'elicitation/create': { legacy: false, modern: false },
  'roots/list': { legacy: false, modern: false },
  'tasks/list': { legacy: false, modern: false },
  'tasks/get': { legacy: false, modern: false },
  'tasks/cancel': { legacy: false, modern: false },
  'tools/List': { legacy: false, modern: false },
  'tools/call ': { legacy: false, modern: false },
  'tools/call/': { legacy: false, modern: false },
  'notifications/cancelled': { legacy: false, modern: false },
  'rpc.discover': { legacy: false, modern: false },
  constructor: { legacy: false, modern: false },
  __proto__x: { legacy: false, modern: false },
  hasOwnProperty: { legacy: false, modern: false },
}

const ROLES = ['owner', 'admin', 'developer', 'readonly'] as const
const METHOD_NOT_FOUND = -32601

const opened = new AsyncDisposableStack()
let plane: ControlPlane
let url: string
const tokens = new Map<string, string>()

beforeAll(async () => {
  plane = opened.use(await ControlPlane.start())
  const upstream = opened.use(await startSmall(['echo'], (call) => answerText(call, 'hello')))
  url = (await plane.workspace('team')).url
  await plane.workspace('other')
  await plane.addServer('team', { name: 'up', url: upstream.url })
  for (const role of ROLES.filter((each) => each !== 'owner')) {
    tokens.set(role, await plane.token('team', { role }))
    tokens.set(`foreign ${role}`, await plane.token('other', { role }))
  }
  tokens.set('owner', plane.ownerToken)
})

afterAll(() => opened.disposeAsync())

interface Said {
  status: number
  code: number | undefined
}

async function post(
  token: string | undefined,
  headers: Record<string, string>,
  message: object,
): Promise<Said> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }),
  })
  const isStream = response.headers.get('content-type') === 'text/event-stream'
  if (isStream) await response.body?.cancel()
  const text = isStream ? '{}' : await response.text()
  return { status: response.status, code: JSON.parse(text).error?.code }
}

async function askModern(token: string | undefined, method: string): Promise<Said> {
  const params = { ...METHODS[method]?.params, _meta: ENVELOPE }
  const name = METHODS[method]?.params?.name ?? METHODS[method]?.params?.uri
  const headers = {
    'mcp-protocol-version': MODERN,
    'mcp-method': method,
    ...(typeof name === 'string' && { 'mcp-name': name }),
  }
  return post(token, headers, { method, params })
}

async function askLegacy(
  token: string | undefined,
  sessionId: string | undefined,
  method: string,
): Promise<Said> {
  const headers: Record<string, string> = sessionId === undefined ? {} : { 'mcp-session-id': sessionId }
  return post(token, headers, { method, params: METHODS[method]?.params ?? {} })
}

describe('[T10] what agents may ask', () => {
  it('is written down for every request there is, and for nothing else', () => {
    const served = Object.entries(METHODS).filter(([, { legacy, modern }]) => legacy || modern)
    expect(
      Object.fromEntries(served.map(([name, { legacy, modern }]) => [name, { legacy, modern }])),
    ).toEqual(
      Object.fromEntries(
        Array.from(MCP_METHODS, ([name, { eras }]) => [
          name,
          { legacy: eras.has('legacy'), modern: eras.has('modern') },
        ]),
      ),
    )
  })

  it.each(ROLES)('is the same for every role that opens the workspace: %s', async (role) => {
    const token = tokens.get(role)
    const { sessionId } = await WireClient.open(url, token ?? '')
    for (const [method, { legacy, modern }] of Object.entries(METHODS)) {
      const inLegacy = await askLegacy(token, sessionId, method)
      expect([method, inLegacy.status, inLegacy.code === METHOD_NOT_FOUND]).toEqual([method, 200, !legacy])
      // A modern client that says "initialize" is a legacy one.
      if (method === 'initialize') continue
      const inModern = await askModern(token, method)
      expect([method, inModern.code === METHOD_NOT_FOUND]).toEqual([method, !modern])
      expect([method, inModern.status]).toEqual([method, modern ? 200 : 404])
    }
  })

  it('is nothing for those of another workspace and for nobody, whatever they ask', async () => {
    const { sessionId } = await WireClient.open(url, tokens.get('admin') ?? '')
    for (const role of ['foreign admin', 'foreign developer', 'foreign readonly', 'nobody']) {
      const token = tokens.get(role)
      const status = token === undefined ? 401 : 404
      for (const method of Object.keys(METHODS)) {
        expect([role, method, (await askLegacy(token, sessionId, method)).status]).toEqual([
          role,
          method,
          status,
        ])
        expect([role, method, (await askModern(token, method)).status]).toEqual([role, method, status])
      }
    }
  })
})
