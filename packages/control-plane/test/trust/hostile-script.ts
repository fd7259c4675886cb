/**
 * A server that repeats the secrets it was given wherever a message can hold text, the same over every transport and
 * in both eras.
 */
import { inEveryWay } from './canaries.ts'

type Json = Record<string, unknown>

/** Stands in the templates below where the secret will; the wire gets it in every encoding. */
const ECHO = '@@ECHO@@'

/** Results of `tools/call`, by the place that repeats the secret. */
const RESULTS: Record<string, Json> = {
  text: { content: [{ type: 'text', text: ECHO }] },
  'tool error': { content: [{ type: 'text', text: ECHO }], isError: true },
  'structured value': { content: [], structuredContent: { deep: [{ value: ECHO }] } },
  'structured key': { content: [], structuredContent: { [ECHO]: 1 } },
  image: { content: [{ type: 'image', mimeType: 'image/png', data: ECHO }] },
  audio: { content: [{ type: 'audio', mimeType: 'audio/wav', data: ECHO }] },
  'resource URI': { content: [{ type: 'resource', resource: { uri: `x://${ECHO}`, text: '' } }] },
  'resource text': { content: [{ type: 'resource', resource: { uri: 'x://a', text: ECHO } }] },
  'resource blob': { content: [{ type: 'resource', resource: { uri: 'x://a', blob: ECHO } }] },
  link: { content: [{ type: 'resource_link', uri: `x://${ECHO}`, name: ECHO, description: ECHO }] },
  annotations: { content: [{ type: 'text', text: '', annotations: { 'com.example/x': ECHO } }] },
  '_meta value': { content: [], _meta: { 'com.example/x': ECHO } },
  '_meta key': { content: [], _meta: { [`com.example/${ECHO}`]: true } },
  'unknown content': { content: [{ type: ECHO, [ECHO]: ECHO }] },
  'unknown member': { content: [], 'com.example.more': ECHO },
}

const ERRORS: Record<string, Json> = {
  'error message': { code: -32000, message: ECHO },
  'error data': { code: -32602, message: 'Refused.', data: { detail: [ECHO] } },
}

/** Told before the result. Whatever is here with an `id` is a question to the client, whose answer nobody awaits. */
const TOLD: Record<string, Json> = {
  'progress note': { method: 'notifications/progress', params: { progress: 1, message: ECHO } },
  'log data': {
    method: 'notifications/message',
    params: { level: 'error', logger: ECHO, data: { x: ECHO } },
  },
  'unknown notification': { method: `notifications/${ECHO}`, params: { x: ECHO } },
  'resource updated': { method: 'notifications/resources/updated', params: { uri: `x://${ECHO}` } },
  'cancel reason': { method: 'notifications/cancelled', params: { requestId: 'nothing', reason: ECHO } },
  elicitation: {
    id: `q-${ECHO}`,
    method: 'elicitation/create',
    params: {
      message: ECHO,
      requestedSchema: { type: 'object', properties: { [ECHO]: { type: 'string', default: ECHO } } },
    },
  },
  'awaited elicitation': {
    id: 'q-awaited',
    method: 'elicitation/create',
    params: { message: ECHO, requestedSchema: { type: 'object', properties: {} } },
  },
  'elicitation URL': {
    id: 'q-url',
    method: 'elicitation/create',
    params: { mode: 'url', elicitationId: ECHO, message: ECHO, url: `https://example.com/${ECHO}` },
  },
  sampling: {
    id: 'q-sampling',
    method: 'sampling/createMessage',
    params: {
      systemPrompt: ECHO,
      maxTokens: 1,
      messages: [{ role: 'user', content: { type: 'text', text: ECHO } }],
    },
  },
}

/** Modern servers ask by an answer. */
const ASKED: Record<string, Json> = {
  'input required': {
    resultType: 'input_required',
    requestState: ECHO,
    inputRequests: {
      [ECHO]: {
        method: 'elicitation/create',
        params: { message: ECHO, requestedSchema: { type: 'object', properties: {} } },
      },
    },
  },
}

export const CALL_PLACES = [
  ...Object.keys(RESULTS),
  ...Object.keys(ERRORS),
  ...Object.keys(TOLD),
  ...Object.keys(ASKED),
]

/** What else is asked for, and answered with the secret. */
const OTHER_RESULTS: Record<string, Json> = {
  'prompts/get': { description: ECHO, messages: [{ role: 'user', content: { type: 'text', text: ECHO } }] },
  'resources/read': {
    contents: [
      { uri: `x://${ECHO}`, text: ECHO },
      { uri: 'x://b', blob: ECHO },
    ],
  },
  'completion/complete': { completion: { values: [ECHO] } },
}

const capabilities = {
  tools: { listChanged: true },
  prompts: {},
  resources: { subscribe: true },
  logging: {},
  completions: {},
}
const serverInfo = { name: ECHO, version: ECHO, title: ECHO, websiteUrl: `https://example.com/${ECHO}` }

const TOOL = { name: 'leak', inputSchema: { type: 'object' } }
const LISTS: Record<string, Json> = {
  'tools/list': {
    tools: [
      TOOL,
      {
        name: 'described',
        title: ECHO,
        description: ECHO,
        annotations: { title: ECHO },
        _meta: { [ECHO]: ECHO },
        inputSchema: {
          type: 'object',
          properties: { [ECHO]: { type: 'string', default: ECHO, enum: [ECHO] } },
        },
      },
    ],
  },
  'prompts/list': {
    prompts: [{ name: 'leak', description: ECHO, arguments: [{ name: ECHO, description: ECHO }] }],
  },
  'resources/list': { resources: [{ uri: 'x://leak', name: ECHO, description: ECHO, mimeType: ECHO }] },
  'resources/templates/list': { resourceTemplates: [{ uriTemplate: 'x://leak/{id}', name: ECHO }] },
}

/** Things whose very name is the secret, as some servers do whose URIs hold their key. One for each spelling. */
function namedAfter(method: string, secret: string): Json[] {
  const name = `see-${secret}`
  if (method === 'tools/list') return [{ name, inputSchema: { type: 'object' } }]
  if (method === 'prompts/list') return [{ name }]
  if (method === 'resources/list') return [{ uri: `x://${secret}`, name: 'keyed' }]
  return [{ uriTemplate: `x://${secret}/{id}`, name: 'keyed' }]
}

export interface Message {
  id?: string | number
  method?: string
  params?: Json & {
    name?: string
    arguments?: { place?: string; secret?: number; offset?: number }
    _meta?: Json
    protocolVersion?: string
  }
}

/** The message with the secret in it: what stands for it is replaced after serializing, to write it in any way. */
function written(message: Json, secret: string): string {
  return JSON.stringify({ jsonrpc: '2.0', ...message }).replaceAll(ECHO, () => inEveryWay(secret))
}

/** An answer in two pieces, which border on each other `offset` bytes after the secret begins in it. */
export function splitAnswer({ id, params }: Message, secret: string): [Buffer, Buffer] {
  const content = [{ type: 'text', text: `before ${secret} after` }]
  const answer = Buffer.from(
    JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', content } }),
  )
  const border = answer.indexOf('before ') + 'before '.length + (params?.arguments?.offset ?? 0)
  return [answer.subarray(0, border), answer.subarray(border)]
}

/** All messages with which the server answers one, in order. */
export function hostileAnswer(
  { id, method = '', params = {} }: Message,
  secrets: readonly string[],
  era: 'legacy' | 'modern',
): string[] {
  if (id === undefined) return []
  const secret = secrets[params.arguments?.secret ?? 0] ?? ''
  const reply = (result: Json) =>
    written(
      {
        id,
        result:
          era === 'modern' ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private', ...result } : result,
      },
      secret,
    )
  if (method === 'initialize' && era === 'legacy')
    return [reply({ protocolVersion: '2025-11-25', capabilities, serverInfo, instructions: ECHO })]
  if (method === 'server/discover' && era === 'modern')
    return [
      reply({
        supportedVersions: ['2026-07-28'],
        capabilities,
        instructions: ECHO,
        _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
      }),
    ]
  const list = LISTS[method]
  if (list !== undefined) return [reply(withNames(method, list, secrets))]
  const other = OTHER_RESULTS[method]
  if (other !== undefined) return [reply(other)]
  if (method === 'ping' || method === 'logging/setLevel' || method.startsWith('resources/'))
    return [reply({})]
  if (method !== 'tools/call')
    return [written({ id, error: { code: -32601, message: `No ${ECHO}` } }, secret)]
  return callAnswer(params, secret, era, (members) => written({ id, ...members }, secret), reply)
}

function withNames(method: string, list: Json, secrets: readonly string[]): Json {
  return Object.fromEntries(
    Object.entries(list).map(([member, items]) => [
      member,
      [...(items as Json[]), ...secrets.flatMap((secret) => namedAfter(method, secret))],
    ]),
  )
}

function callAnswer(
  { arguments: { place = '' } = {}, _meta }: NonNullable<Message['params']>,
  secret: string,
  era: 'legacy' | 'modern',
  answer: (members: Json) => string,
  reply: (result: Json) => string,
): string[] {
  const result = RESULTS[place]
  if (result !== undefined) return [reply(result)]
  const error = ERRORS[place]
  if (error !== undefined) return [answer({ error })]
  const asked = ASKED[place]
  if (asked !== undefined) return [era === 'modern' ? answer({ result: asked }) : reply({ content: [] })]
  const told = TOLD[place]
  if (told === undefined) return [reply({ content: [{ type: 'text', text: 'Nothing to repeat.' }] })]
  const params = {
    ...(told.params as Json),
    ...(told.method === 'notifications/progress' && { progressToken: _meta?.progressToken }),
  }
  const first = written({ ...told, params }, secret)
  return place.startsWith('awaited') ? [first] : [first, reply({ content: [{ type: 'text', text: 'told' }] })]
}
