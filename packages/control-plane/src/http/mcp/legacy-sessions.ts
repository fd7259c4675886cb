import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { z } from 'zod'
import { compilePolicy } from '../../access/policy.ts'
import type { Caller, Link } from '../../gateway/caller.ts'
import { GatewayError } from '../../model/error.ts'
import type { Principal } from '../../model/principal.ts'
import { capabilityKey, readCapabilities } from '../../protocol/capabilities.ts'
import { idKey, type RequestId, type RpcResponse } from '../../protocol/message.ts'
import { writeEvent } from '../workspace-door/event-stream.ts'
import type { Responder } from './responder.ts'

/** What a session id tells to whoever can open it. */
const sessionSchema = z.object({
  id: z.string(),
  revision: z.string(),
  clientInfo: z.object({ name: z.string(), version: z.string() }).optional(),
  capabilities: z.record(z.string(), z.unknown()),
})

type SessionFacts = z.infer<typeof sessionSchema>

interface SessionSealer {
  seal(plain: Uint8Array, context: string): string
  open(sealed: string, context: string): Uint8Array | undefined
}

const MAX_KNOWN = 20_000
/** Each is looked up at every change. */
export const MAX_SUBSCRIPTIONS = 1_000
/** A question that a client never answers must not hold its server for ever. */
const ASK_TIMEOUT_MS = 10 * 60_000

type Asked = Pick<RpcResponse, 'result' | 'error'>

/** A legacy client's session as long as this process knows it; another one can open its id all the same. */
export class LegacySession {
  readonly facts: SessionFacts
  readonly caller: Caller
  readonly subscriptions = new Set<string>()
  readonly #running = new Map<string, (reason: string) => void>()
  readonly #questions = new Map<string, (answer: Asked) => void>()
  readonly #streams: ServerResponse[] = []
  #asked = 0

  constructor(facts: SessionFacts, principal: Principal) {
    this.facts = facts
    const { clientInfo } = facts
    const capabilities = readCapabilities(facts.capabilities)
    this.caller = {
      principal,
      policy: compilePolicy(principal),
      era: 'legacy',
      client: clientInfo && `${clientInfo.name}/${clientInfo.version}`,
      clientInfo: clientInfo ?? { name: 'unknown', version: '0' },
      capabilities: { ...capabilities },
      profile: {
        capabilities,
        capabilityKey: capabilityKey(capabilities),
        session: facts.id,
        member: principal.member,
      },
      logLevel: undefined,
    }
  }

  /** The token's rules may have changed since the last request. */
  belongsTo(principal: Principal): void {
    if (this.caller.principal === principal) return
    this.caller.principal = principal
    this.caller.policy = compilePolicy(principal)
  }

  /** The link of one request, whose messages go to its own response. */
  linkFor(id: RequestId, responder: Responder): Link {
    let cancelled: string | undefined
    let listener: ((reason: string) => void) | undefined
    this.#running.set(idKey(id), (reason) => {
      cancelled = reason
      listener?.(reason)
    })
    return {
      notify: (message) => responder.send(message),
      ask: (method, params, withdrawn) => this.#ask(responder, method, params, withdrawn),
      onCancel: (added) => {
        listener = added
        // It may have been cancelled while it waited for its server.
        if (cancelled !== undefined) added(cancelled)
      },
    }
  }

  finished(id: RequestId): void {
    this.#running.delete(idKey(id))
  }

  /** Whether the request was running. */
  cancel(id: RequestId, reason: string): boolean {
    const cancel = this.#running.get(idKey(id))
    this.#running.delete(idKey(id))
    cancel?.(reason)
    return cancel !== undefined
  }

  #ask(
    responder: Responder,
    method: string,
    params: unknown,
    withdrawn: AbortSignal | undefined,
  ): Promise<Asked> {
    if (!responder.takesEvents) {
      return Promise.reject(
        new GatewayError('unsupported', 'The client cannot be asked: it does not accept an event stream.'),
      )
    }
    if (responder.closed || withdrawn?.aborted)
      return Promise.reject(new GatewayError('cancelled', 'The client cannot be asked any more.'))
    const id = `mcpgw-${this.facts.id.slice(0, 8)}-${++this.#asked}`
    return new Promise((resolve, reject) => {
      const giveUp = (error: GatewayError) => {
        if (!this.#questions.delete(id)) return
        clearTimeout(timer)
        stopWatching()
        reject(error)
      }
      const timer = setTimeout(
        () => giveUp(new GatewayError('upstream_timeout', `The client did not answer "${method}".`)),
        ASK_TIMEOUT_MS,
      ).unref()
      const stopWatching = responder.onClose(() =>
        giveUp(new GatewayError('cancelled', 'The client went away without an answer.')),
      )
      withdrawn?.addEventListener('abort', () => {
        if (!this.#questions.has(id)) return
        const params = { requestId: id, reason: String(withdrawn.reason) }
        responder.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params })
        giveUp(new GatewayError('cancelled', 'The server took its question back.'))
      })
      this.#questions.set(id, (answer) => {
        clearTimeout(timer)
        stopWatching()
        resolve(answer)
      })
      responder.send({ jsonrpc: '2.0', id, method, params: params as Record<string, unknown> })
    })
  }

  /** Takes the client's answer to a question. */
  answered({ id, result, error }: RpcResponse): void {
    const key = String(id)
    const resolve = this.#questions.get(key)
    this.#questions.delete(key)
    resolve?.({ ...(result !== undefined && { result }), ...(error !== undefined && { error }) })
  }

  addStream(stream: ServerResponse): void {
    this.#streams.push(stream)
  }

  removeStream(stream: ServerResponse): void {
    const at = this.#streams.indexOf(stream)
    if (at !== -1) this.#streams.splice(at, 1)
  }

  /** Each message goes on one stream only, so only the newest tells it. */
  tellOn(stream: ServerResponse, method: string, params?: Record<string, unknown>): void {
    if (stream !== this.#streams.at(-1)) return
    writeEvent(stream, Buffer.from(JSON.stringify({ jsonrpc: '2.0', method, params })))
  }

  end(): void {
    for (const stream of [...this.#streams]) stream.end()
  }
}

/** Sessions whose whole state is in their id, sealed to the workspace and the token it was made for. */
export class LegacySessions {
  readonly #sealer: SessionSealer
  readonly #known = new Map<string, LegacySession>()
  readonly #ended = new Set<string>()

  constructor(sealer: SessionSealer) {
    this.#sealer = sealer
  }

  /** Makes a session and its id. */
  create(
    principal: Principal,
    workspaceId: string,
    revision: string,
    params: Record<string, unknown>,
  ): [string, LegacySession] {
    const info = params.clientInfo as { name?: unknown; version?: unknown } | undefined
    const facts: SessionFacts = {
      id: randomUUID(),
      revision,
      clientInfo: { name: clientText(info?.name, 'unknown'), version: clientText(info?.version, '0') },
      capabilities: { ...readCapabilities(params.capabilities) },
    }
    const sessionId = this.#sealer.seal(Buffer.from(JSON.stringify(facts)), contextOf(principal, workspaceId))
    return [sessionId, this.#remember(`${workspaceId} ${sessionId}`, new LegacySession(facts, principal))]
  }

  /** The session of an id, or undefined when it is not one of this token's in this workspace, or has ended. */
  find(sessionId: string, principal: Principal, workspaceId: string): LegacySession | undefined {
    const key = `${workspaceId} ${sessionId}`
    if (this.#ended.has(key)) return undefined
    const known = this.#known.get(key)
    if (known?.caller.principal.tokenId === principal.tokenId) {
      known.belongsTo(principal)
      // The one that was quiet for longest is forgotten first.
      this.#known.delete(key)
      this.#known.set(key, known)
      return known
    }
    const plain = this.#sealer.open(sessionId, contextOf(principal, workspaceId))
    if (plain === undefined) return undefined
    const facts = sessionSchema.parse(JSON.parse(Buffer.from(plain).toString()))
    return this.#remember(key, new LegacySession(facts, principal))
  }

  #remember(key: string, session: LegacySession): LegacySession {
    if (this.#known.size >= MAX_KNOWN) this.#known.delete(this.#known.keys().next().value ?? '')
    this.#known.set(key, session)
    return session
  }

  end(sessionId: string, session: LegacySession, workspaceId: string): void {
    const key = `${workspaceId} ${sessionId}`
    session.end()
    this.#known.delete(key)
    if (this.#ended.size >= MAX_KNOWN) this.#ended.delete(this.#ended.values().next().value ?? '')
    this.#ended.add(key)
  }

  endAll(): void {
    for (const session of this.#known.values()) session.end()
  }
}

function contextOf({ tokenId }: Principal, workspaceId: string): string {
  return `${workspaceId} ${tokenId}`
}

/** What a client calls itself ends in logs and tables: short, and without control characters. */
export function clientText(value: unknown, otherwise: string): string {
  if (typeof value !== 'string') return otherwise
  return value.replace(/[\p{Cc}\p{Cf}]/gu, '').slice(0, 100) || otherwise
}
