import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import * as v2 from '@modelcontextprotocol/client'
import { StdioClientTransport as V2StdioTransport } from '@modelcontextprotocol/client/stdio'
import { Client as V1Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as V1StdioTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as V1HttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import * as v1 from '@modelcontextprotocol/sdk/types.js'

export const BRIDGE = resolve(import.meta.dirname, '../../../bridge/dist/mcpgw.js')

export type Era = 'legacy' | 'modern'
export type Way = 'directly' | 'through the bridge'

/** Each era of client on each way to the gateway. */
export const CLIENTS: { era: Era; way: Way }[] = [
  { era: 'legacy', way: 'directly' },
  { era: 'modern', way: 'directly' },
  { era: 'legacy', way: 'through the bridge' },
  { era: 'modern', way: 'through the bridge' },
]

type Json = Record<string, unknown>
export type Answer = (method: string, params: Json) => Json | Promise<Json>

export interface ClientOptions {
  era: Era
  way: Way
  url: string
  token: string
  /** Answers what servers ask; without it the client declares that it cannot be asked. */
  answer?: Answer
}

export interface CallOptions {
  signal?: AbortSignal
  onProgress?: (progress: number, message: string | undefined) => void
  meta?: Json
}

/** A real client of one of the two SDKs: v1 for the legacy era, v2 for the modern one. */
export interface TestClient extends AsyncDisposable {
  /** Names of tools and prompts, URIs of resources, in the order of the list, over all pages. */
  tools(): Promise<string[]>
  prompts(): Promise<string[]>
  resources(): Promise<string[]>
  templates(): Promise<string[]>
  call(name: string, args?: Json, options?: CallOptions): Promise<CallResult>
  prompt(name: string, args?: Record<string, string>): Promise<unknown>
  read(uri: string): Promise<unknown>
  complete(ref: PromptOrTemplate, name: string, value: string): Promise<string[]>
  /** Names of the lists that the gateway said have changed. */
  changes: string[]
  /** Log messages of servers, as `level: data`. */
  logs: string[]
  /** Legacy only. */
  v1: V1Client | undefined
}

type PromptOrTemplate = { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string }

export interface CallResult {
  text: string
  isError: boolean
}

export function connect(options: ClientOptions): Promise<TestClient> {
  return options.era === 'legacy' ? connectV1(options) : connectV2(options)
}

const LISTS = ['tools', 'prompts', 'resources'] as const
const CAPABILITIES = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} }

async function connectV1({ way, url, token, answer }: ClientOptions): Promise<TestClient> {
  const client = new V1Client(
    { name: 'legacy-client', version: '1.0' },
    { capabilities: answer ? CAPABILITIES : {} },
  )
  const changes: string[] = []
  const logs: string[] = []
  client.setNotificationHandler(v1.ToolListChangedNotificationSchema, () => void changes.push('tools'))
  client.setNotificationHandler(v1.PromptListChangedNotificationSchema, () => void changes.push('prompts'))
  client.setNotificationHandler(
    v1.ResourceListChangedNotificationSchema,
    () => void changes.push('resources'),
  )
  client.setNotificationHandler(
    v1.LoggingMessageNotificationSchema,
    ({ params }) => void logs.push(`${params.level}: ${String(params.data)}`),
  )
  if (answer !== undefined) {
    // The casts: what a test answers with is what it wants to see arrive, right or wrong.
    client.setRequestHandler(v1.ElicitRequestSchema, async ({ method, params }) => {
      return (await answer(method, params)) as v1.ElicitResult
    })
    client.setRequestHandler(v1.CreateMessageRequestSchema, async ({ method, params }) => {
      return (await answer(method, params)) as v1.CreateMessageResult
    })
    client.setRequestHandler(v1.ListRootsRequestSchema, async ({ method }) => {
      return (await answer(method, {})) as v1.ListRootsResult
    })
  }
  const bridge = way === 'directly' ? undefined : bridgeFor(url, token)
  const transport = bridge
    ? new V1StdioTransport({ ...bridge.command, stderr: 'pipe' })
    : new V1HttpTransport(new URL(url), { requestInit: { headers: { authorization: `Bearer ${token}` } } })
  // The SDK's transports were typed without exactOptionalPropertyTypes in mind.
  await client.connect(transport as Parameters<V1Client['connect']>[0])
  return {
    v1: client,
    changes,
    logs,
    tools: () =>
      allPages(
        (page) => client.listTools(page),
        ({ tools }) => tools.map(({ name }) => name),
      ),
    prompts: () =>
      allPages(
        (page) => client.listPrompts(page),
        ({ prompts }) => prompts.map(({ name }) => name),
      ),
    resources: () =>
      allPages(
        (page) => client.listResources(page),
        ({ resources }) => resources.map(({ uri }) => uri),
      ),
    templates: () =>
      allPages(
        (page) => client.listResourceTemplates(page),
        ({ resourceTemplates }) => resourceTemplates.map(({ uriTemplate }) => uriTemplate),
      ),
    async call(name, args = {}, { signal, onProgress, meta } = {}) {
      const result = await client.callTool(
        { name, arguments: args, ...(meta && { _meta: meta }) },
        undefined,
        {
          ...(signal && { signal }),
          ...(onProgress && { onprogress: ({ progress, message }) => onProgress(progress, message) }),
        },
      )
      return readResult(result)
    },
    prompt: (name, args = {}) => client.getPrompt({ name, arguments: args }),
    read: (uri) => client.readResource({ uri }),
    async complete(ref, name, value) {
      return (await client.complete({ ref, argument: { name, value } })).completion.values
    },
    async [Symbol.asyncDispose]() {
      await client.close()
      bridge?.[Symbol.dispose]()
    },
  }
}

async function connectV2({ way, url, token, answer }: ClientOptions): Promise<TestClient> {
  const changes: string[] = []
  const logs: string[] = []
  const hear = (kind: string) => ({
    autoRefresh: false as const,
    debounceMs: 0,
    onChanged: () => void changes.push(kind),
  })
  const client = new v2.Client(
    { name: 'modern-client', version: '1.0' },
    {
      capabilities: answer ? CAPABILITIES : {},
      versionNegotiation: { mode: { pin: '2026-07-28' } },
      listChanged: Object.fromEntries(LISTS.map((kind) => [kind, hear(kind)])),
    },
  )
  client.setNotificationHandler('notifications/message', ({ params }) => {
    logs.push(`${params.level}: ${String(params.data)}`)
  })
  if (answer !== undefined) {
    // The casts: what a test answers with is what it wants to see arrive, right or wrong.
    client.setRequestHandler('elicitation/create', async ({ method, params }) => {
      return (await answer(method, params)) as v2.ElicitResult
    })
    client.setRequestHandler('sampling/createMessage', async ({ method, params }) => {
      return (await answer(method, params)) as v2.CreateMessageResult
    })
    client.setRequestHandler('roots/list', async ({ method }) => {
      return (await answer(method, {})) as v2.ListRootsResult
    })
  }
  const bridge = way === 'directly' ? undefined : bridgeFor(url, token)
  const transport = bridge
    ? new V2StdioTransport({ ...bridge.command, stderr: 'pipe' })
    : new v2.StreamableHTTPClientTransport(new URL(url), {
        requestInit: { headers: { authorization: `Bearer ${token}` } },
      })
  await client.connect(transport)
  return {
    v1: undefined,
    changes,
    logs,
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    prompts: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    templates: async () =>
      (await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate),
    async call(name, args = {}, { signal, onProgress, meta } = {}) {
      const result = await client.callTool(
        { name, arguments: args, ...(meta && { _meta: meta }) },
        {
          ...(signal && { signal }),
          ...(onProgress && { onprogress: ({ progress, message }) => onProgress(progress, message) }),
        },
      )
      return readResult(result)
    },
    prompt: (name, args = {}) => client.getPrompt({ name, arguments: args }),
    read: (uri) => client.readResource({ uri }),
    async complete(ref, name, value) {
      return (await client.complete({ ref, argument: { name, value } })).completion.values
    },
    async [Symbol.asyncDispose]() {
      await client.close()
      bridge?.[Symbol.dispose]()
    },
  }
}

async function allPages<P extends { nextCursor?: string | undefined }>(
  list: (page: { cursor?: string }) => Promise<P>,
  read: (page: P) => string[],
): Promise<string[]> {
  const found: string[] = []
  let cursor: string | undefined
  do {
    const page = await list(cursor === undefined ? {} : { cursor })
    found.push(...read(page))
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return found
}

function readResult(result: unknown): CallResult {
  const { content, isError } = result as { content?: { text?: string }[]; isError?: boolean }
  return { text: (content ?? []).map(({ text }) => text ?? '').join(''), isError: isError === true }
}

/** The built bridge, in an environment where it finds nothing of the person running the tests. */
export function bridgeFor(url: string, token: string) {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-bridge-'))
  const env = {
    PATH: process.env.PATH ?? '',
    MCPGW_CONFIG_DIR: folder,
    MCPGW_STORAGE: 'file',
    MCPGW_TOKEN: token,
    MCPGW_WORKSPACE: url,
  }
  return {
    command: { command: process.execPath, args: [BRIDGE], env },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
