import { randomUUID } from 'node:crypto'
import { CallLimits } from './gateway/call-limits.ts'
import { Hops } from './gateway/hops.ts'
import { createParkedExchanges } from './gateway/parked-exchanges.ts'
import type { GatewayContext } from './gateway/use-server.ts'
import { Workspaces } from './gateway/workspaces.ts'
import { logRenewals } from './log-renewals.ts'
import type { Server } from './model/server.ts'
import { createLoginKeeper } from './oauth-client/login-keeper.ts'
import { createOAuthClient } from './oauth-client/oauth-client.ts'
import type { Foundations } from './open-foundations.ts'
import type { OpenThings } from './open-things.ts'
import { replyLimits } from './protocol/json.ts'
import { createGuardedFetch } from './upstream/guarded-fetch.ts'
import { Upstream } from './upstream/upstream.ts'
import { createScrubber } from './vault/scrubber.ts'

export type DataPlane = ReturnType<typeof openDataPlane>

/** What calls go through: the gateway, the servers of every workspace behind it, and what opens these. */
export function openDataPlane(foundations: Foundations, opened: OpenThings) {
  const { storage, recorder, clock, random, guard } = foundations
  const oauthClient = createOAuthClient({
    fetch: createGuardedFetch(guard),
    guardUrl: (url) => guard.checkUrl(url),
    publicUrl: foundations.origin,
    ...{ clock, random, newId: randomUUID },
  })
  const credentialsOf = credentialSources(foundations, oauthClient)
  const common = upstreamOptions(foundations)
  const workspaces = opened.add(
    new Workspaces({
      workspaces: storage.workspaces,
      servers: storage.servers,
      bus: storage.bus,
      pins: { store: storage.pins, recorder, now: () => clock.now(), newId: randomUUID },
      openUpstream: (server, events) =>
        new Upstream({
          ...{ ...common, ...whatIsKeptOf(server, foundations), ...events, server },
          credentials: credentialsOf(server),
        }),
    }),
  )
  /** A server that nobody else sees yet, with the credential of one that is there. */
  const openAside = (candidate: Server, credentialOf: Server) =>
    new Upstream({
      ...{ ...common, ...UNSEEN, server: candidate },
      hops: () => new Hops(candidate.workspaceId).header(),
      credentials: credentialsOf(credentialOf),
    })
  return { workspaces, gateway: createGateway(foundations), oauthClient, openAside }
}

function upstreamOptions({ guard, hosting, clock, random, limits, large }: Foundations) {
  return {
    ...{ guard, hosting, clock, random },
    replies: { maxBytes: limits['reply-bytes'], json: replyLimits(limits), large },
    maxCalls: limits['calls-per-server'],
  }
}

/** What opens each server: its values in the vault, or the login that somebody made. */
function credentialSources(
  { vault, storage, recorder, clock, reportError }: Foundations,
  oauthClient: ReturnType<typeof createOAuthClient>,
) {
  const logins = createLoginKeeper({
    vault,
    store: storage.serverLogins,
    renew: (login) => oauthClient.renew(login),
    clock,
    newId: randomUUID,
    failed: logRenewals({ recorder, clock, newId: randomUUID, reportError }),
  })
  return (server: Server) =>
    wantsLogin(server)
      ? logins.source(server)
      : { peek: () => vault.peek(server.id), load: () => vault.credentialFor(server) }
}

function wantsLogin({ target }: Server): boolean {
  return target.kind === 'remote' && target.oauth !== undefined
}

/** What was found out of a server before, and where it is put when it is found out anew. */
function whatIsKeptOf({ id }: Server, { storage: { servers }, log }: Foundations) {
  const notSaved = (error: unknown) => log.warn({ err: error }, 'what was found out of a server is not saved')
  return {
    loadPlan: () => servers.plan(id),
    loadOffer: () => servers.lastOffer(id),
    saveOffer: (offer) => void servers.saveLastOffer(id, offer).catch(notSaved),
    loadVerdict: () => servers.verdict(id),
    saveVerdict: (verdict) => void servers.saveVerdict(verdict).catch(notSaved),
  } satisfies Partial<ConstructorParameters<typeof Upstream>[0]>
}

/** Of a server that is only looked at: nobody hears of it, and nothing of it is kept. */
const UNSEEN = {
  admit: async () => {},
  onListing: () => {},
  onResourceUpdated: () => {},
  loadOffer: async () => undefined,
  saveOffer: () => {},
  loadVerdict: async () => undefined,
  saveVerdict: () => {},
  loadPlan: async () => undefined,
}

function createGateway({ recorder, vault, clock, limits, reportError }: Foundations): GatewayContext {
  const calls = new CallLimits(limits, () => performance.now())
  return {
    recorder,
    async scrubbers(servers) {
      const credentials = await Promise.all(servers.map((server) => vault.credentialFor(server)))
      return credentials.flatMap((credential) => credential?.scrubber ?? [])
    },
    createScrubber,
    newId: randomUUID,
    now: () => clock.now(),
    sealer: vault.sealer('request-state'),
    parked: createParkedExchanges(calls),
    calls,
    reportError,
  }
}
