import type { IncomingMessage, ServerResponse } from 'node:http'
import { asGatewayError, GatewayError } from '../../model/error.ts'
import { type Admitted, admit, isLoop, LOOP } from '../workspace-door/admit.ts'
import { notJson, parseBody, UnreadableBody } from '../workspace-door/json-body.ts'
import { readBody } from '../workspace-door/read-body.ts'
import { answerCalls } from './answer-calls.ts'
import { answerTools } from './answer-tools.ts'
import type { OpenAiDoorContext } from './door-context.ts'
import { readCalls } from './read-calls.ts'
import { refuse } from './refuse.ts'

export type Endpoint = 'tools' | 'calls'

/** One request at this door. */
export interface Exchange extends Admitted {
  request: IncomingMessage
  response: ServerResponse
  query: URLSearchParams
}

const METHOD: Record<Endpoint, string> = { tools: 'GET', calls: 'POST' }

/** The door for callers that speak a model provider's function-calling format: `/ws/:slug/openai/…`. */
export async function serveOpenAi(
  context: OpenAiDoorContext,
  slug: string,
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const admitted = await admit(context, slug, request)
    if (isLoop(admitted.runtime, request))
      return refuse(response, new GatewayError('invalid_request', LOOP), { status: 508 })
    if (request.method !== METHOD[endpoint]) return refuseMethod(response, endpoint)
    const exchange = { ...admitted, request, response, query: queryOf(request) }
    if (endpoint === 'tools') await answerTools(context, exchange)
    else takeCalls(context, exchange)
  } catch (error) {
    refuseAny(context, response, error)
  }
}

function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  const at = url.indexOf('?')
  return new URLSearchParams(at === -1 ? '' : url.slice(at + 1))
}

function refuseMethod(response: ServerResponse, endpoint: Endpoint): void {
  response.setHeader('allow', METHOD[endpoint])
  const error = new GatewayError('unsupported', `This address takes ${METHOD[endpoint]} alone.`)
  refuse(response, error, { status: 405 })
}

function takeCalls(context: OpenAiDoorContext, exchange: Exchange): void {
  const { request, response } = exchange
  const reason = notJson(request)
  if (reason !== undefined) return refuse(response, new GatewayError('unsupported', reason), { status: 415 })
  readBody(
    request,
    context.limits['body-bytes'],
    (body) => {
      serveBody(context, exchange, body).catch((error) => refuseAny(context, response, error))
    },
    (error) => refuse(response, error),
  )
}

async function serveBody(context: OpenAiDoorContext, exchange: Exchange, body: Buffer): Promise<void> {
  const asked = readCalls(parseBody(body, context.requestLimits), context)
  await answerCalls(context, exchange, asked)
}

function refuseAny(context: OpenAiDoorContext, response: ServerResponse, thrown: unknown): void {
  if (response.headersSent) return void response.destroy()
  if (thrown instanceof UnreadableBody)
    return refuse(response, new GatewayError('invalid_request', thrown.message))
  const error = asGatewayError(thrown)
  if (error.code === 'internal' || error.code === 'unavailable') context.reportError(error)
  refuse(response, error)
}
