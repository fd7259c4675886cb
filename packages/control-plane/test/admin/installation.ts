import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { createAuthenticator } from '../../src/access/authenticator.ts'
import { compileCatalogRules } from '../../src/access/catalog-rules.ts'
import { hashToken, mintToken } from '../../src/access/token-format.ts'
import { createRecorder } from '../../src/audit/recorder.ts'
import { createCatalogLoader } from '../../src/catalog/load-catalog.ts'
import { createCatalogShelf } from '../../src/catalog/shelf.ts'
import { CATALOG_FOLDER } from '../../src/catalog-folder.ts'
import { createAdminApp } from '../../src/http/admin/app.ts'
import { BASE_PATH, ROUTES } from '../../src/http/admin/routes.ts'
import { createBadTokens } from '../../src/http/callers/bad-tokens.ts'
import { createClientAddresses } from '../../src/http/callers/client-addresses.ts'
import { createAuditFeeds } from '../../src/manage/audit-feed.ts'
import type { Manage } from '../../src/manage/context.ts'
import { openMasterKeyFile, writeNewKey } from '../../src/master-key-file.ts'
import { createMasterKeyKeeper } from '../../src/master-key-keeper.ts'
import { GatewayError } from '../../src/model/error.ts'
import type { ServerInspector } from '../../src/model/inspector.ts'
import type { Principal } from '../../src/model/principal.ts'
import type { ServerHealth } from '../../src/model/server.ts'
import type { SystemState } from '../../src/model/system.ts'
import type { CallTool } from '../../src/model/tool-caller.ts'
import { createOAuthClient } from '../../src/oauth-client/oauth-client.ts'
import { createApiReader } from '../../src/openapi/api-reader.ts'
import { createFollower } from '../../src/stats/follower.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import { openVault } from '../../src/vault/vault.ts'

export interface Answer {
  status: number
  headers: Headers
  text: string
  // What a test looks into; the shape is checked against the route's own schema before.
  // biome-ignore lint/suspicious/noExplicitAny: a test reads answers like the scripts outside do.
  body: any
}

export type Caller =
  | 'owner'
  | 'admin'
  | 'developer'
  | 'readonly'
  | 'foreignAdmin'
  | 'foreignDeveloper'
  | 'foreignReadonly'
  | 'nobody'

export type Installation = Awaited<ReturnType<typeof openInstallation>>

const random = { bytes: (count: number) => randomBytes(count) }

/** No proxy in front. */
const DIRECT = { publicUrl: undefined, trustedProxies: undefined }

/** A whole installation without upstreams: workspaces `acme` and `other`, and a token for every role. */
export async function openInstallation(options: { hostingAllowed?: boolean } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'mcpgw-admin-'))
  const time = { now: Date.UTC(2026, 0, 31, 12) }
  const clock = { now: () => time.now }
  const storage = await openStorage({ url: `sqlite:${join(folder, 'test.db')}`, clock })
  const { bus, tokens, keys, credentials, audit } = storage
  const keyPath = join(folder, 'master.key')
  writeNewKey(keyPath, random)
  const file = openMasterKeyFile(keyPath)
  const vault = await openVault({ masterKey: file.read(), keys, credentials, bus, clock, random })
  const authenticator = createAuthenticator({ tokens, bus, clock })
  const recorder = createRecorder({ store: audit })
  const errors: GatewayError[] = []
  const reportError = (error: GatewayError) => errors.push(error)
  const follower = createFollower({ ...storage, index: storage.logIndex, clock, reportError })
  const inspector = createStillInspector()
  const catalogs = createCatalogShelf({
    loadBuiltIn: createCatalogLoader(CATALOG_FOLDER),
    store: storage.catalogs,
    compileRules: compileCatalogRules,
    fetchJson: (url) => inspector.registry(url),
    clock,
  })
  const oauthClient = createOAuthClient({
    fetch: offline,
    guardUrl: refuseMetadata,
    publicUrl: () => 'http://gateway',
    clock,
    random,
    newId: randomUUID,
  })
  const manage: Manage = {
    storage,
    vault,
    masterKey: createMasterKeyKeeper({ vault, file, isReplicated: false, random }),
    recorder,
    feeds: createAuditFeeds({ audit: storage.audit, bus: storage.bus }),
    follower,
    catalog: () => catalogs.read('allowed'),
    catalogs,
    lookAside: async () => inspector.aside,
    fetchClientDocument: async () => ({}),
    inspector,
    oauthClient,
    callTool: answerWithoutServers,
    system: () => STILL_SYSTEM,
    clock,
    random,
    newId: randomUUID,
    guardUrl: refuseMetadata,
    publicOrigin: () => 'https://gateway.example',
    sandboxOf: () => undefined,
    hostingAllowed: options.hostingAllowed ?? true,
    readApi: createApiReader(),
  }
  const badTokens = createBadTokens(createClientAddresses(DIRECT), clock.now)
  const checkJson = () => {}
  const app = createAdminApp({ manage, authenticator, badTokens, version: '0.0.0', reportError, checkJson })

  await storage.workspaces.create({ id: 'w-acme', slug: 'acme', name: 'Acme', createdAt: time.now })
  await storage.workspaces.create({ id: 'w-other', slug: 'other', name: 'Other', createdAt: time.now })
  const secrets = {
    owner: await addToken('owner', undefined, 'olga'),
    admin: await addToken('admin', 'w-acme', 'ada'),
    developer: await addToken('developer', 'w-acme', 'dev'),
    readonly: await addToken('readonly', 'w-acme', 'rob'),
    foreignAdmin: await addToken('admin', 'w-other', 'eve'),
    foreignDeveloper: await addToken('developer', 'w-other', 'fay'),
    foreignReadonly: await addToken('readonly', 'w-other', 'fred'),
    nobody: undefined,
  }

  async function addToken(role: Principal['role'], workspaceId: string | undefined, member: string) {
    const token = mintToken(random)
    await tokens.create({
      id: `t-${member}`,
      name: `${member}'s token`,
      member,
      role,
      rules: {},
      hash: hashToken(token),
      createdAt: time.now,
      ...(workspaceId === undefined ? {} : { workspaceId }),
    })
    return token
  }

  function fetchAs(token: string | undefined, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
    return Promise.resolve(app.fetch(new Request(`http://gateway${BASE_PATH}${path}`, { ...init, headers })))
  }

  async function askWith(
    token: string | undefined,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Answer> {
    const response = await fetchAs(token, path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    const isJson = /json$/.test(response.headers.get('content-type') ?? '')
    const answer = {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : undefined,
    }
    if (response.ok) expectShape(method, path, answer.body)
    return answer
  }

  return {
    app,
    manage,
    storage,
    vault,
    secrets,
    keyFile: file,
    errors,
    inspector,
    time,
    fetchAs: (caller: Caller, path: string, init?: RequestInit) => fetchAs(secrets[caller], path, init),
    ask: (caller: Caller, method: string, path: string, body?: unknown) =>
      askWith(secrets[caller], method, path, body),
    askWith,
    async [Symbol.asyncDispose]() {
      authenticator[Symbol.dispose]()
      vault[Symbol.dispose]()
      await recorder[Symbol.asyncDispose]()
      await follower[Symbol.asyncDispose]()
      await storage[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

/** Every good answer is held against the schema that describes it to the world. */
function expectShape(method: string, path: string, body: unknown): void {
  const plain = path.split('?')[0] ?? ''
  const route = ROUTES.find(
    (known) =>
      known.method === method && new RegExp(`^${known.path.replaceAll(/:\w+/g, '[^/]+')}$`).test(plain),
  )
  if (route === undefined || route.sends === 'file' || route.sends === 'events') return
  expect(() => route.operation.answer.parse(body)).not.toThrow()
}

/** An inspector whose servers stand still: their health is what the test says it is. */
function createStillInspector() {
  const healths = new Map<string, ServerHealth>()
  const health = ({ name }: { name: string }): ServerHealth =>
    healths.get(name) ?? { status: 'ready', tools: 2, era: 'legacy' }
  const inspector: ServerInspector = {
    health,
    check: async (server) => health(server),
    tools: async () =>
      ['create', 'list', 'read'].map((tool) => ({
        name: `notes__${tool}`,
        server: 'notes',
        tool,
        definition: { name: `notes__${tool}`, inputSchema: { type: 'object' } },
      })),
    offeredTools: async () => [],
  }
  /** What a server lists that is looked at beside the others. */
  const aside: { name: string; [member: string]: unknown }[] = []
  /** What a registry answers. */
  const registry = async (_url: URL): Promise<unknown> => ({ servers: [] })
  const still = { ...inspector, healths, aside, registry, hang: false }
  /** For ever, when told to. */
  still.check = (server) => (still.hang ? new Promise(() => {}) : inspector.check(server))
  return still
}

/** There are no servers here to call: whether a call gets this far is what is looked at. */
const answerWithoutServers: CallTool = async ({ as, workspaceId, name }) => ({
  row: {
    kind: 'call',
    time: 0,
    workspaceId,
    tokenId: as.tokenId,
    member: as.member,
    role: as.role,
    method: 'tools/call',
    shownAs: name,
    outcome: 'ok',
    latencyMs: 1,
    bytesIn: 1,
    bytesOut: 1,
    requestId: 'r',
  },
  result: { content: [] },
})

const STILL_SYSTEM: SystemState = {
  version: '0.0.0',
  startedAt: 0,
  node: 'v24.0.0',
  sandbox: undefined,
  eventLoopMs: { p50: 0, p99: 0 },
  memoryBytes: 1,
  log: { checkpoints: undefined, retentionDays: undefined },
}

/** There are no servers here to log in to either. */
async function offline(url: string): Promise<never> {
  throw new GatewayError('upstream_unavailable', `Nothing answers at ${new URL(url).origin}.`)
}

async function refuseMetadata(url: string): Promise<void> {
  if (new URL(url).hostname !== '169.254.169.254') return
  throw new GatewayError('invalid_request', 'The address 169.254.169.254 may not be an upstream.', {
    fix: 'Start mcpgw-server with --allow-upstream if it should be.',
  })
}
