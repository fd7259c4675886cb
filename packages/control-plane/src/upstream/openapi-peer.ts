import { randomBytes } from 'node:crypto'
import type { Pool } from 'undici'
import type { OpenCredential } from '../model/credential.ts'
import { asGatewayError, GatewayError } from '../model/error.ts'
import { isObject, type Json } from '../openapi/json.ts'
import type { ApiOperation, ApiPlan } from '../openapi/plan.ts'
import { readAnswer } from '../openapi/read-answer.ts'
import { UnusableArgument } from '../openapi/unusable-argument.ts'
import { writeRequest } from '../openapi/write-request.ts'
import { isRawNumber } from '../protocol/json.ts'
import { errorBytes, type Params, resultBytes } from '../protocol/message.ts'
import { readIncoming } from '../protocol/reply-bytes.ts'
import { RPC } from '../protocol/rpc-error.ts'
import type { ChannelFailure } from './channel.ts'
import { type CredentialSource, scrubbed, withCredential } from './credential-source.ts'
import { describeConnectionError, neverConnected } from './http-client.ts'
import { HttpExchange } from './http-exchange.ts'
import type { Peer, PeerListener, PeerRequest, ServerIdentity } from './peer.ts'
import type { ReplyRoom } from './reply-room.ts'

export interface OpenApiPeerOptions {
  url: URL
  plan: ApiPlan
  pool: Pool
  credentials: CredentialSource
  fillHeaders: (credential: OpenCredential | undefined) => Record<string, string>
  replies: ReplyRoom
  hops(): string
  nextId(): number
}

/** One page of a list is parsed at a time: 256 KiB take a few milliseconds. */
const PAGE_BYTES = 256 * 1024

/** The credential has changed between asking the vault and writing to the socket: nothing was sent, ask again. */
const STALE_CREDENTIAL = new Error('The credential has changed.')
const GIVEN_UP = new Error('The call was given up.')

/**
 * An HTTP API as a server of the modern era: each of its operations is a tool. It has no session, and says nothing by
 * itself. Its list is known; what is asked of the API for it is whether something answers HTTP at its address, whatever
 * that says: no operation is called for the sake of looking.
 */
export class OpenApiPeer implements Peer {
  readonly era = 'modern'
  readonly transport = 'http'
  readonly identity: ServerIdentity
  readonly #options: OpenApiPeerOptions
  readonly #operations: ReadonlyMap<string, ApiOperation>
  readonly #pages: readonly string[]

  constructor(options: OpenApiPeerOptions) {
    const { title, version, operations } = options.plan
    this.identity = {
      capabilities: { tools: {} },
      serverInfo: { name: title, version },
      instructions: undefined,
    }
    this.#options = options
    this.#operations = new Map(operations.map((operation) => [operation.tool.name, operation]))
    this.#pages = pagesOf(operations)
  }

  call(request: PeerRequest, listener: PeerListener): (reason: string) => void {
    if (request.method === 'tools/call') return this.#callTool(request.params, listener)
    const id = this.#options.nextId()
    const answer = () => this.#reply(listener, this.#answerOwn(id, request))
    return this.#send({
      request: () => ({ method: 'HEAD', path: this.#options.url.pathname, headers: {} }),
      answered: answer,
      failed: (failure) => listener.failure(failure),
    })
  }

  #answerOwn(id: number, { method, params }: PeerRequest): Buffer {
    const page = this.#pages[Number(params?.cursor ?? 0)]
    if (method === 'tools/list' && page !== undefined) return resultBytes(id, page)
    return errorBytes(id, { code: RPC.methodNotFound, message: 'An HTTP API has tools only.' })
  }

  #callTool(params: Params | undefined, listener: PeerListener): (reason: string) => void {
    const operation = this.#operations.get(String(params?.name))
    const args = params?.arguments ?? {}
    const id = this.#options.nextId()
    const answer = (result: Json) =>
      this.#reply(listener, resultBytes(id, JSON.stringify({ resultType: 'complete', ...result })))
    const exchange: Sending = {
      request: (credential) => {
        if (operation === undefined) throw new UnusableArgument('There is no such tool.')
        if (!isObject(args) || isRawNumber(args))
          throw new UnusableArgument('The arguments must be an object.')
        return writeRequest(args, {
          operation,
          basePath: this.#options.url.pathname,
          values: credential?.values ?? NO_VALUES,
          boundary: `mcpgw-${randomBytes(16).toString('hex')}`,
        })
      },
      answered: (status, contentType, body) => {
        const hasShape = operation?.tool.outputSchema !== undefined
        answer(readAnswer({ status, contentType, body }, hasShape, this.#options.replies.json))
      },
      failed: (failure) => listener.failure(failure),
      unusable: (message) => answer({ content: [{ type: 'text', text: message }], isError: true }),
    }
    return this.#send(exchange)
  }

  #reply(listener: PeerListener, bytes: Buffer): void {
    // Made here, and so a single reply.
    for (const incoming of readIncoming(bytes, OWN_JSON)) {
      if (incoming.kind === 'reply') listener.reply(incoming.reply)
    }
  }

  /** Sends one request and tells one thing of it. Returns a function that gives it up. */
  #send(sending: Sending): () => void {
    const state: SendingState = { over: false, exchange: undefined }
    const settle = (tell: () => void) => {
      if (state.over) return
      state.over = true
      tell()
    }
    const attempt = (): void =>
      withCredential(
        this.#options.credentials,
        (credential) => {
          if (!state.over) this.#dispatch(sending, credential, { state, settle, again: attempt })
        },
        (error) => settle(() => sending.failed(ofThisCall(error))),
      )
    // Nobody is told before they have been handed the way to cancel.
    queueMicrotask(attempt)
    return () => {
      state.over = true
      state.exchange?.abort(GIVEN_UP)
    }
  }

  #dispatch(
    sending: Sending,
    credential: OpenCredential | undefined,
    { state, settle, again }: Attempt,
  ): void {
    const written = writtenOr(sending, credential, settle)
    if (written === undefined) return
    const { url, credentials, pool } = this.#options
    let message: Buffer | undefined
    const exchange = new HttpExchange(
      {
        starting: () => {
          // Rotation promises that no byte leaves with an old value once the new one is stored.
          if (credentials.peek() !== credential) throw STALE_CREDENTIAL
        },
        head: (_status, headers) => refuseUnreadable(headers, exchange),
        message: (raw, event) => {
          if (event === undefined) message = raw
        },
        done: (status, headers, rest) => {
          const body = scrubbed(message ?? rest, credential, credentials)
          settle(() => sending.answered(status, String(headers['content-type'] ?? ''), body))
        },
        failed: (error) => {
          if (error === STALE_CREDENTIAL) return again()
          const kind = neverConnected(error) ? 'never-sent' : 'broken'
          settle(() => sending.failed({ kind, error: describeConnectionError(error, url.origin) }))
        },
      },
      this.#options.replies,
    )
    state.exchange = exchange
    const { method, path, body } = written
    const headers = { ...OUR_HEADERS, ...written.headers, ...this.#options.fillHeaders(credential) }
    headers['mcpgw-hops'] = this.#options.hops()
    pool.dispatch({ method, path, headers, ...(body !== undefined && { body }) }, exchange)
  }

  notify(): void {}

  /** The pool is its owner's, and nothing else is open. */
  async close(): Promise<void> {}
}

const NO_VALUES: ReadonlyMap<string, string> = new Map()

/** What is sent unless a server's own headers say otherwise. Some APIs refuse whoever does not say what they are. */
const OUR_HEADERS: Record<string, string> = {
  accept: 'application/json, text/*;q=0.9, */*;q=0.8',
  // What is not compressed cannot grow while it is read.
  'accept-encoding': 'identity',
  'user-agent': 'mcpgw',
}

/** Answers were judged before they were put into these messages. */
const OWN_JSON = { maxDepth: Number.POSITIVE_INFINITY, maxTokens: Number.POSITIVE_INFINITY }

interface Sending {
  /** Throws UnusableArgument or GatewayError. */
  request(credential: OpenCredential | undefined): {
    method: ApiOperation['method']
    path: string
    headers: Record<string, string>
    body?: string
  }
  answered(status: number, contentType: string, body: Buffer): void
  failed(failure: ChannelFailure): void
  unusable?(message: string): void
}

interface SendingState {
  over: boolean
  exchange: HttpExchange | undefined
}

interface Attempt {
  state: SendingState
  settle(tell: () => void): void
  again(): void
}

function writtenOr(
  sending: Sending,
  credential: OpenCredential | undefined,
  settle: Attempt['settle'],
): ReturnType<Sending['request']> | undefined {
  try {
    return sending.request(credential)
  } catch (error) {
    if (!(error instanceof UnusableArgument)) throw error
    settle(() => sending.unusable?.(error.message))
    return undefined
  }
}

/**
 * Nothing was sent. A value that one operation needs is missing for that one alone: told with a status below 500, it does
 * not stop the others.
 */
function ofThisCall(thrown: unknown): ChannelFailure {
  const error = asGatewayError(thrown)
  return error.code === 'needs_credential'
    ? { kind: 'status', status: 400, error }
    : { kind: 'never-sent', error }
}

type Headers = Record<string, string | string[] | undefined>

function refuseUnreadable(headers: Headers, exchange: HttpExchange): void {
  const encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase()
  if (encoding !== 'identity') {
    const message = "The API's answer is compressed, which it was not asked to do, and is not read."
    const fix = 'Switch compression off in front of the API.'
    return exchange.abort(new GatewayError('upstream_invalid', message, { fix }))
  }
  if (!String(headers['content-type']).toLowerCase().startsWith('text/event-stream')) return
  const message = 'The API answers with a stream of events, which has no end to wait for.'
  const fix = 'Leave this operation out, or ask the API for an answer that is not streamed.'
  exchange.abort(new GatewayError('upstream_invalid', message, { fix }))
}

/** The list of tools, cut into pages of some size. */
function pagesOf(operations: readonly ApiOperation[]): string[] {
  const pages: string[][] = [[]]
  let size = 0
  for (const { tool } of operations) {
    const text = JSON.stringify(tool)
    if (size > 0 && size + text.length > PAGE_BYTES) {
      pages.push([])
      size = 0
    }
    pages.at(-1)?.push(text)
    size += text.length
  }
  return pages.map((tools, at) => {
    const next = at + 1 < pages.length ? `"nextCursor":"${at + 1}",` : ''
    return `{"resultType":"complete",${next}"tools":[${tools.join()}],"ttlMs":0,"cacheScope":"private"}`
  })
}
