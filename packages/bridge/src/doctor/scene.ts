import { type AdminApi, createAdminApi } from '../api/admin-api.ts'
import type { Identity } from '../api/shapes.ts'
import { withinLimit } from '../api/within-limit.ts'
import type { inspectClients } from '../clients/inspect-clients.ts'
import { type Access, createAccess } from '../credentials/access.ts'
import { createTokenStore, type FoundToken } from '../credentials/token-store.ts'
import { openGateway } from '../http/gateway.ts'
import type { Network } from '../http/network.ts'
import { chooseProxy } from '../http/proxy-choice.ts'
import { readText } from '../http/server-events.ts'
import type { Settings } from '../settings.ts'
import type { WorkspaceUrl } from '../workspace-url.ts'

/** No step over the network takes longer. */
export const stepLimitMs = 5_000

const maxAnonymousBytes = 4 * 1024 * 1024

/** What the checks look at. Facts that several checks need are found out once; a failure is told to each of them. */
export interface Scene {
  readonly settings: Settings
  readonly env: NodeJS.ProcessEnv
  readonly home: string
  readonly bridgeVersion: string
  /** Look at this client alone. */
  readonly client: string | undefined
  readonly inspectClients: typeof inspectClients
  now(): number
  workspace(): Promise<WorkspaceUrl>
  network(): Promise<Network>
  /** Who is connected to first. */
  firstHop(): Promise<Hop>
  token(): Promise<FoundToken>
  identity(): Promise<Identity>
  /** The answer of /healthz. */
  health(): Promise<Answer>
  /** Asks the gateway, by the bridge's own way but without a token. */
  get(path: string): Promise<Answer>
  readonly access: Access
  readonly api: AdminApi
  close(): Promise<void>
}

export interface Hop {
  /** Without the brackets of an IPv6 address. */
  readonly host: string
  readonly port: number
  readonly proxy: URL | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
  readonly sentAt: number
  readonly answeredAt: number
}

export type SceneOptions = Pick<
  Scene,
  'settings' | 'env' | 'home' | 'bridgeVersion' | 'client' | 'inspectClients' | 'now'
> & {
  /** The workspace asked for by flag. */
  readonly workspaceFlag: string | undefined
}

export function createScene({ workspaceFlag, ...given }: SceneOptions): Scene {
  const { settings, now } = given
  const access = createAccess(settings, workspaceFlag)
  const api = createAdminApi(access, stepLimitMs)
  const network = once(async () => {
    const remembered = await createTokenStore(settings).network((await access.workspace()).href)
    return { ...remembered, ...settings.network }
  })
  const gateway = once(async () => openGateway((await access.workspace()).origin, await network()))

  async function get(path: string): Promise<Answer> {
    const { origin } = await access.workspace()
    const { send } = await gateway()
    return withinLimit({ origin, limitMs: stepLimitMs }, async (signal) => {
      const sentAt = now()
      const headers = { accept: 'application/json', 'user-agent': `mcpgw/${given.bridgeVersion}` }
      const {
        status,
        headers: replied,
        body,
      } = await send({ method: 'GET', path, lane: 'side', headers, signal })
      const answeredAt = now()
      const text = await readText({ status, headers: replied, body }, maxAnonymousBytes)
      return { status, headers: replied, text, sentAt, answeredAt }
    })
  }

  return {
    ...given,
    access,
    api,
    workspace: access.workspace,
    network,
    firstHop: once(async () => hopTo(new URL((await access.workspace()).origin), await network())),
    token: once(access.token),
    identity: once(api.whoami),
    health: once(() => get('/healthz')),
    get,
    async close() {
      await access.close()
      const open = await gateway.started?.catch(() => undefined)
      await open?.destroy()
    },
  }
}

function hopTo(origin: URL, network: Network): Hop {
  const proxy = chooseProxy(origin, network)
  const { hostname, port, protocol } = proxy ?? origin
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    proxy,
  }
}

interface Once<T> {
  (): Promise<T>
  started?: Promise<T>
}

function once<T>(work: () => Promise<T>): Once<T> {
  const get: Once<T> = () => {
    get.started ??= work()
    return get.started
  }
  return get
}
