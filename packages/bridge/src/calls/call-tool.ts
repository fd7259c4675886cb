import { setTimeout as wait } from 'node:timers/promises'
import { BridgeError } from '../bridge-error.ts'
import type { Access } from '../credentials/access.ts'
import { asObject, asString, type JsonObject } from '../json-object.ts'
import { type ClientMessage, readClientMessage } from '../stdio/client-message.ts'
import { type Courier, createCourier } from '../stdio/courier.ts'
import { createMirroredParameters, type MirroredParameters } from '../stdio/mirrored-parameters.ts'
import { modernHeaders } from '../stdio/modern-headers.ts'
import type { ServerMessage } from '../stdio/server-message.ts'
import type { WorkspaceTool } from './workspace-tools.ts'

declare const __BRIDGE_VERSION__: string

export interface ToolCall {
  readonly access: Access
  readonly tool: WorkspaceTool
  /** The arguments as JSON text, which travels as it is. */
  readonly argumentsText: string
  /** How long each answer may take; the time in which a person answers a question does not count. */
  readonly timeoutMs: number
  readonly onProgress: (params: JsonObject) => void
  /** Answers the server's questions, by the same keys. */
  readonly answer: (questions: JsonObject) => Promise<JsonObject>
  /** Follows the work while the server has it, and not while a person is asked. */
  readonly during: <T>(work: Promise<T>) => Promise<T>
}

// As many as the revision suggests a client should go along with.
const maxRounds = 10
const emptyRoundPauseMs = 250

/**
 * Calls a tool in revision 2026-07-28 and gives its result, which may say `isError`. Nothing is ever sent twice.
 * Rejects with BridgeError for every other end.
 */
export async function callTool(call: ToolCall): Promise<JsonObject> {
  const { access, tool } = call
  const courier = createCourier({ access, random: Math.random, now: Date.now })
  const mirrored = createMirroredParameters()
  mirrored.learn({ tools: [tool.definition] })
  let continuation = ''
  for (let round = 1; round <= maxRounds; round += 1) {
    const message = callMessage(round, call, continuation)
    const result = await call.during(sendOnce({ call, courier, mirrored, message }))
    const type = result.resultType ?? 'complete'
    if (type === 'complete') return result
    if (type !== 'input_required') throw unknownResult(tool, String(type))
    continuation = await continueWith(result, call)
  }
  throw new BridgeError('input_needed', `"${tool.name}" asked ${maxRounds} times and was not content.`)
}

function callMessage(id: number, { tool, argumentsText }: ToolCall, continuation: string): ClientMessage {
  const name = JSON.stringify(tool.name)
  const params = `{"name":${name},"arguments":${argumentsText},"_meta":${envelope}${continuation}}`
  const text = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params}}`
  const message = readClientMessage(text)
  if (message === undefined) throw new BridgeError('usage', 'The arguments are not JSON.')
  return message
}

// Questions can always be passed on: where nobody can answer, the error then says what was asked.
const envelope = JSON.stringify({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'mcpgw', version: __BRIDGE_VERSION__ },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {}, url: {} } },
  progressToken: 'call',
})

async function sendOnce(options: {
  call: ToolCall
  courier: Courier
  mirrored: MirroredParameters
  message: ClientMessage
}): Promise<JsonObject> {
  const { call, courier, mirrored, message } = options
  const signal = AbortSignal.timeout(call.timeoutMs)
  let answer: ServerMessage | undefined
  await courier.deliver({
    message,
    lane: 'calls',
    signal,
    headers: () => modernHeaders(message, mirrored),
    onMessage(received) {
      if (received.answers.length > 0) answer = received
      else if (received.method === 'notifications/progress') call.onProgress(received.params ?? {})
    },
  })
  if (answer?.result !== undefined) return answer.result
  if (answer?.error !== undefined) throw explainError(answer.error, call.tool)
  throw signal.aborted ? tooLate(call) : unknownResult(call.tool, 'none')
}

/** The members that the next round of the same call carries. The state goes back as it came, or not at all. */
async function continueWith({ inputRequests, requestState }: JsonObject, call: ToolCall): Promise<string> {
  const questions = asObject(inputRequests) ?? {}
  const state = requestState === undefined ? '' : `,"requestState":${JSON.stringify(requestState)}`
  if (Object.keys(questions).length === 0) {
    await wait(emptyRoundPauseMs)
    return state
  }
  return `${state},"inputResponses":${JSON.stringify(await call.answer(questions))}`
}

const missingCapability = -32021

function explainError(error: JsonObject, tool: WorkspaceTool): BridgeError {
  const message = asString(error.message) ?? 'The server refused the call.'
  const data = asObject(error.data)
  if (data?.code === 'not_found') return new BridgeError('tool_not_found', message)
  if (error.code !== missingCapability) return new BridgeError('server_error', message)
  const needed = Object.keys(asObject(data?.requiredCapabilities) ?? {}).join(', ')
  return new BridgeError('input_needed', `"${tool.name}" needs a client that offers ${needed || 'more'}.`, {
    fix: 'Call it from an AI client.',
  })
}

function tooLate({ tool, timeoutMs }: ToolCall): BridgeError {
  return new BridgeError('timeout', `"${tool.name}" did not answer within ${timeoutMs / 1000} s.`, {
    fix: 'It may have been carried out: check before you repeat it. For a longer wait: --timeout SECONDS.',
  })
}

function unknownResult(tool: WorkspaceTool, type: string): BridgeError {
  return new BridgeError(
    'not_mcp',
    `"${tool.name}" answered in a way this version does not know (${type}).`,
    {
      fix: 'Update mcpgw.',
    },
  )
}
