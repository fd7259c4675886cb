import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../model/clock.ts'
import type { OpenCredential } from '../model/credential.ts'
import { asGatewayError, GatewayError } from '../model/error.ts'
import type { Server } from '../model/server.ts'
import type { ServerLogin, ServerTokens } from '../model/server-login.ts'
import type { ServerLoginStore } from '../model/stores.ts'

/** What keeps logins; the vault is one. */
export interface LoginVault {
  peek(serverId: string): OpenCredential | undefined | 'unknown'
  credentialFor(server: Server): Promise<OpenCredential | undefined>
  rereadFor(server: Server): Promise<OpenCredential | undefined>
  renew(
    server: Server,
    renewal: { login: string; before: number; tokens: ServerTokens | undefined },
  ): Promise<boolean>
}

export interface LoginKeeperOptions {
  vault: LoginVault
  store: ServerLoginStore
  renew(login: ServerLogin): Promise<ServerTokens>
  clock: Clock
  newId(): string
  /** Told when renewing begins to fail, once until it works again. */
  failed(server: Server, error: GatewayError): void
}

/** One server's credential, whose access token is good whenever it is handed out. */
export interface LoginSource {
  /** At hand without waiting; `unknown` also when the access token is over. */
  peek(): OpenCredential | undefined | 'unknown'
  /** Waits for new tokens only where the old ones are over. Throws `needs_login` where there are no more. */
  load(): Promise<OpenCredential | undefined>
  refused(version: number | undefined): Promise<boolean>
  close(): void
}

export interface LoginKeeper {
  source(server: Server): LoginSource
}

/** Tokens are renewed this long before they are over, or a quarter of their life where that is less. */
const EARLY_MS = 60_000
/** Longer than a request to renew can take: 10 s, and the time to save what came. */
const HOLD_MS = 60_000
const LOOK_AGAIN_MS = 100
/** After a failure nobody asks again for this long, however many calls wait. */
const RETRY_MS = 5_000
/** A server that refuses tokens as soon as they are new would have us ask for more without end. */
const REFUSED_AGAIN_MS = 10_000
const SAVE_AFTER_MS = [0, 200, 800, 3_200]
/** Timers cannot wait for longer than 24 days. */
const LONGEST_WAIT_MS = 86_400_000

interface Failure {
  error: GatewayError
  until: number
}

/**
 * Renews the tokens of logins: before they are over, or when a server does not accept them any more. One renewal of a
 * server runs at a time, on all replicas together: a refresh token that is used twice ends the login where
 * authorization servers rotate them.
 */
export function createLoginKeeper(options: LoginKeeperOptions): LoginKeeper {
  const { vault, store, clock } = options
  const running = new Map<string, Promise<OpenCredential | undefined>>()
  const failures = new Map<string, Failure>()
  const refusals = new Map<string, number>()

  function renewOnce(server: Server, stale: OpenCredential): Promise<OpenCredential | undefined> {
    const known = running.get(server.id)
    if (known !== undefined) return known
    const failure = failures.get(server.id)
    if (failure !== undefined && clock.now() < failure.until) return Promise.reject(failure.error)
    const renewing = renewAlone(server, stale)
      .then(
        (renewed) => {
          failures.delete(server.id)
          return renewed
        },
        (error) => {
          throw remember(server, asGatewayError(error))
        },
      )
      .finally(() => running.delete(server.id))
    running.set(server.id, renewing)
    return renewing
  }

  function remember(server: Server, error: GatewayError): GatewayError {
    if (!failures.has(server.id)) options.failed(server, error)
    if (error.code === 'needs_login') failures.delete(server.id)
    else failures.set(server.id, { error, until: clock.now() + RETRY_MS })
    return error
  }

  async function renewAlone(server: Server, stale: OpenCredential): Promise<OpenCredential | undefined> {
    const holder = options.newId()
    const giveUpAt = clock.now() + HOLD_MS
    while (!(await store.holdRenewal(server.id, holder, clock.now() + HOLD_MS, clock.now()))) {
      if (clock.now() > giveUpAt) throw stillHeld(server)
      await delay(LOOK_AGAIN_MS, undefined, { ref: false })
      const meanwhile = await vault.rereadFor(server)
      if (!hasSameTokens(meanwhile, stale)) return meanwhile
    }
    try {
      const current = await vault.rereadFor(server)
      if (current === undefined || !hasSameTokens(current, stale)) return current
      await replaceTokens(server, current)
      return await vault.credentialFor(server)
    } finally {
      await store.endRenewal(server.id, holder).catch(() => {})
    }
  }

  async function replaceTokens(server: Server, { login }: OpenCredential): Promise<void> {
    if (login?.tokens === undefined) return
    const replaced = { login: login.id, before: login.tokens.obtainedAt }
    try {
      const tokens = await options.renew(login)
      await save(() => vault.renew(server, { ...replaced, tokens }))
    } catch (error) {
      const { code } = asGatewayError(error)
      if (code === 'needs_login') await vault.renew(server, { ...replaced, tokens: undefined })
      throw error
    }
  }

  function source(server: Server): LoginSource {
    let timer: NodeJS.Timeout | undefined
    let closed = false

    function arm(credential: OpenCredential | undefined): void {
      const dueAt = dueAtOf(credential)
      clearTimeout(timer)
      if (dueAt === undefined || closed) return
      const waitMs = Math.min(Math.max(dueAt - clock.now(), 0), LONGEST_WAIT_MS)
      timer = setTimeout(() => void renewIfDue(), waitMs)
      timer.unref()
    }

    /** Rejects never: whoever calls next hears what is wrong. */
    async function renewIfDue(): Promise<void> {
      try {
        const credential = await vault.credentialFor(server)
        const isDue = clock.now() >= (dueAtOf(credential) ?? Number.POSITIVE_INFINITY)
        arm(isDue && credential !== undefined ? await renewOnce(server, credential) : credential)
      } catch (error) {
        if (closed || asGatewayError(error).code === 'needs_login') return
        timer = setTimeout(() => void renewIfDue(), RETRY_MS)
        timer.unref()
      }
    }

    return {
      peek() {
        const credential = vault.peek(server.id)
        return credential === 'unknown' || isOver(credential, clock.now()) ? 'unknown' : credential
      },
      async load() {
        const found = await vault.credentialFor(server)
        const isStale = found !== undefined && isOver(found, clock.now())
        const credential = isStale ? await renewOnce(server, found) : found
        arm(credential)
        return credential
      },
      async refused(version) {
        const credential = await vault.credentialFor(server)
        if (credential?.login?.tokens === undefined) return false
        if (version !== undefined && credential.version !== version) return true
        if (credential.login.tokens.refresh === undefined) return false
        if (!running.has(server.id) && isTooSoon(server)) return false
        const renewed = await renewOnce(server, credential)
        arm(renewed)
        return renewed?.login?.tokens !== undefined
      },
      close() {
        closed = true
        clearTimeout(timer)
      },
    }
  }

  function isTooSoon({ id }: Server): boolean {
    const now = clock.now()
    if (now - (refusals.get(id) ?? Number.NEGATIVE_INFINITY) < REFUSED_AGAIN_MS) return true
    refusals.set(id, now)
    return false
  }

  return { source }
}

function isOver(credential: OpenCredential | undefined, now: number): boolean {
  const expiresAt = credential?.login?.tokens?.expiresAt
  return expiresAt !== undefined && now >= expiresAt
}

/** When to renew without being asked; undefined where there is nothing to renew, or nobody said how long it lasts. */
function dueAtOf(credential: OpenCredential | undefined): number | undefined {
  const { tokens } = credential?.login ?? {}
  if (tokens?.expiresAt === undefined || tokens.refresh === undefined) return undefined
  return tokens.expiresAt - Math.min(EARLY_MS, (tokens.expiresAt - tokens.obtainedAt) / 4)
}

function hasSameTokens(one: OpenCredential | undefined, other: OpenCredential): boolean {
  const now = one?.login
  const before = other.login
  return now?.id === before?.id && now?.tokens?.obtainedAt === before?.tokens?.obtainedAt
}

/** What an authorization server has rotated is lost with the answer: a database that is busy is asked again. */
async function save(write: () => Promise<boolean>): Promise<void> {
  for (const [index, waitMs] of SAVE_AFTER_MS.entries()) {
    await delay(waitMs, undefined, { ref: false })
    try {
      await write()
      return
    } catch (error) {
      const isLast = index === SAVE_AFTER_MS.length - 1
      if (isLast || asGatewayError(error).code === 'not_found') throw error
    }
  }
}

function stillHeld({ name }: Server): GatewayError {
  return new GatewayError('upstream_unavailable', `The login of "${name}" is being renewed for too long.`, {
    fix: 'Try again in a minute.',
  })
}
