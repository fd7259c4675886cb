import type { ServerResponse } from 'node:http'
import type { Link } from '../../gateway/caller.ts'
import { withFix } from '../../gateway/failure-answer.ts'
import { LARGE_BYTES } from '../../model/byte-budget.ts'
import { GatewayError } from '../../model/error.ts'
import type { ToolCallAnswer } from '../../model/tool-caller.ts'
import { sizeOf } from '../../protocol/reply-bytes.ts'
import { endWithToken } from '../workspace-door/context.ts'
import { openEventStream, writeEvent } from '../workspace-door/event-stream.ts'
import { sendJson } from '../workspace-door/send-json.ts'
import { callerOf } from './caller-of.ts'
import type { Exchange } from './door.ts'
import type { OpenAiDoorContext } from './door-context.ts'
import type { Format, FunctionCall } from './formats/format.ts'
import { functionResult } from './function-result.ts'
import type { AskedCalls } from './read-calls.ts'
import { type Calling, runCall } from './run-call.ts'

/** What is to be written of one call. */
interface Settled {
  result: Buffer
  followUp?: Buffer
  /** What its server wants to know before it goes on. */
  inputRequired?: Record<string, unknown>
}

/** Makes all calls at once, and answers with their results: together, in the order of the calls, or each when it is ready. */
export async function answerCalls(
  context: OpenAiDoorContext,
  exchange: Exchange,
  asked: AskedCalls,
): Promise<void> {
  const { principal, runtime, response } = exchange
  const caller = callerOf(principal, asked.format.name)
  context.clients.note(caller, runtime.workspace.id)
  const link = linkUntilClosed(response)
  const calling = { runtime, caller, link, argumentLimits: shareOf(context, asked.calls.length) }
  const settle = (call: FunctionCall) => settleCall(context, exchange, calling, asked, call)
  if (wantsEvents(exchange)) await streamResults(context, exchange, asked.calls, settle)
  else await sendResults(context, exchange, asked, settle)
}

/** Whoever closes the connection before the answer is there does not want it any more. One listener for all calls. */
function linkUntilClosed(response: ServerResponse): Link {
  const listeners: ((reason: string) => void)[] = []
  const tell = (listener: (reason: string) => void) => listener('The client closed the connection.')
  response.once('close', () => {
    if (!response.writableFinished) listeners.forEach(tell)
  })
  return {
    notify: () => {},
    ask: () => Promise.reject(new GatewayError('unsupported', 'A modern client is asked by its answer.')),
    onCancel(listener) {
      // It may have been closed while the body was read.
      if (response.destroyed) tell(listener)
      else listeners.push(listener)
    },
  }
}

/** The scan of the body sees arguments as texts: together they may have no more values than a body. */
function shareOf({ requestLimits }: OpenAiDoorContext, calls: number): Calling['argumentLimits'] {
  return calls < 2
    ? requestLimits
    : { ...requestLimits, maxTokens: Math.ceil(requestLimits.maxTokens / calls) }
}

function wantsEvents({ request, query }: Exchange): boolean {
  const stream = query.get('stream')
  if (stream !== null) return stream !== 'false'
  return request.headers.accept?.includes('text/event-stream') === true
}

type Settle = (call: FunctionCall) => Promise<Settled>

async function settleCall(
  context: OpenAiDoorContext,
  { query }: Exchange,
  calling: Calling,
  { format, calls, inputs }: AskedCalls,
  call: FunctionCall,
): Promise<Settled> {
  const caller = calls.length < 2 ? calling.caller : { ...calling.caller, call: call.id }
  const answer = await runCall(context, { ...calling, caller }, call, inputs.get(call.id))
  const settled = written(context, format, call, answer, query.get('images') === 'message')
  return answer.inputRequired === undefined
    ? settled
    : { ...settled, inputRequired: { id: call.id, ...answer.inputRequired } }
}

function written(
  { replyLimits }: OpenAiDoorContext,
  format: Format,
  call: FunctionCall,
  answer: Omit<ToolCallAnswer, 'row'>,
  wantsFollowUp: boolean,
): Settled {
  const result = functionResult(call, answer, replyLimits)
  const followUp = wantsFollowUp ? format.followUp?.(result) : undefined
  return {
    result: jsonBytes(format.result(result)),
    ...(followUp !== undefined && { followUp: jsonBytes(followUp) }),
  }
}

function jsonBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

async function streamResults(
  context: OpenAiDoorContext,
  { principal, response }: Exchange,
  calls: readonly FunctionCall[],
  settle: Settle,
): Promise<void> {
  if (response.destroyed) return
  openEventStream(response, context.readers)
  endWithToken(context, principal, response)
  const followUps: Buffer[] = []
  const results = calls.map(async (call) => {
    const { result, followUp, inputRequired } = await settle(call)
    if (inputRequired !== undefined) writeEvent(response, jsonBytes(inputRequired), 'input_required')
    writeEvent(response, result, 'result')
    if (followUp !== undefined) followUps.push(followUp)
  })
  await Promise.all(results)
  for (const followUp of followUps) writeEvent(response, followUp, 'result')
  writeEvent(response, jsonBytes({ results: calls.length }), 'done')
  response.end()
  context.readers.watch(response)
}

/** Below this size one copy is cheaper than several writes. */
const COPY_BELOW_BYTES = 16_384

async function sendResults(
  context: OpenAiDoorContext,
  { response }: Exchange,
  { format, calls }: AskedCalls,
  settle: Settle,
): Promise<void> {
  let heldBytes = 0
  const hold = (call: FunctionCall, settled: Settled): Settled => {
    const bytes = settled.result.length
    if (bytes <= LARGE_BYTES) return settled
    if (!context.large.hasRoom(bytes)) return noRoom(context, format, call, bytes)
    context.large.take(bytes)
    heldBytes += bytes
    return settled
  }
  const results = await Promise.all(calls.map(async (call) => hold(call, await settle(call))))
  // From here on they are counted as what the client has not read.
  context.large.giveBack(heldBytes)
  if (response.destroyed) return
  const pieces = joined(format, results)
  sendJson(response, 200, sizeOf(pieces) < COPY_BELOW_BYTES ? Buffer.concat(pieces) : pieces)
  context.readers.watch(response)
}

/** The call was made: only its result cannot wait for the others. */
function noRoom(context: OpenAiDoorContext, format: Format, call: FunctionCall, bytes: number): Settled {
  const error = new GatewayError(
    'too_large',
    `The result has ${bytes} bytes, and there is no room for it now.`,
    {
      fix: 'The call was made. Ask the tool for less.',
    },
  )
  return written(context, format, call, { error: { code: error.code, message: withFix(error) } }, false)
}

const COMMA = Buffer.from(',')

function joined({ opening }: Format, settled: readonly Settled[]): Buffer[] {
  const results = [
    ...settled.map(({ result }) => result),
    ...settled.flatMap(({ followUp }) => followUp ?? []),
  ]
  const asked = settled.flatMap(({ inputRequired }) => inputRequired ?? [])
  const more = asked.length === 0 ? '' : `,"input_required":${JSON.stringify(asked)}`
  return [
    Buffer.from(`{${opening}`),
    ...results.flatMap((result, at) => (at === 0 ? [result] : [COMMA, result])),
    Buffer.from(`]${more}}`),
  ]
}
