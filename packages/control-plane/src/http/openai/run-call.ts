import type { Caller, Link } from '../../gateway/caller.ts'
import { withFix } from '../../gateway/failure-answer.ts'
import { callTool } from '../../gateway/operations.ts'
import { readAnswer, type Told, toldError } from '../../gateway/read-answer.ts'
import type { WorkspaceRuntime } from '../../gateway/workspace-runtime.ts'
import { asGatewayError, GatewayError } from '../../model/error.ts'
import type { ToolCallAnswer } from '../../model/tool-caller.ts'
import { type JsonLimits, parseJson } from '../../protocol/json.ts'
import type { RpcRequest } from '../../protocol/message.ts'
import { RPC, RpcError } from '../../protocol/rpc-error.ts'
import type { OpenAiDoorContext } from './door-context.ts'
import type { FunctionCall } from './formats/format.ts'
import type { InputAnswer } from './read-calls.ts'

/** What the calls of one request have in common. */
export interface Calling {
  runtime: WorkspaceRuntime
  caller: Caller
  link: Link
  /** For the arguments of each call, which are JSON inside of JSON. */
  argumentLimits: JsonLimits
}

/** For the model, which only knows what it was given. */
const FIX_FOR_UNKNOWN = 'Call one of the tools you were given, by exactly its name.'

/** Makes one call, the same journey as at the MCP door. Never rejects: whatever happens is the call's own result. */
export async function runCall(
  context: OpenAiDoorContext,
  { runtime, caller, link, argumentLimits }: Calling,
  call: FunctionCall,
  input: InputAnswer | undefined,
): Promise<Omit<ToolCallAnswer, 'row'>> {
  const { given, refusal } = readArguments(call, argumentLimits)
  let told: Told | undefined
  try {
    const { bytes } = await callTool(context.gateway, {
      runtime,
      caller,
      request: requestOf(call.name, given, input),
      link,
      bytesIn: sizeOf(call),
      recorded(row, error) {
        told = { row, error }
      },
      ...(refusal !== undefined && { badArguments: refusal }),
    })
    if (told === undefined) throw new Error('a call leaves a row')
    return readAnswer(bytes, told, { limits: context.replyLimits, fixForUnknown: FIX_FOR_UNKNOWN })
  } catch (thrown) {
    const error = asGatewayError(thrown)
    if (error.code === 'internal') context.reportError(error)
    return { error: toldError(error) }
  }
}

function requestOf(name: string, given: object, input: InputAnswer | undefined): RpcRequest {
  const params = { name, arguments: given, ...input }
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
}

function sizeOf({ arguments: given }: FunctionCall): number {
  return Buffer.byteLength(typeof given === 'string' ? given : JSON.stringify(given))
}

interface Arguments {
  given: object
  /** Why they cannot be sent. */
  refusal?: RpcError
}

function readArguments({ arguments: given }: FunctionCall, limits: JsonLimits): Arguments {
  if (typeof given !== 'string') return { given }
  // Models write nothing for a function without parameters.
  if (given.trim() === '') return { given: {} }
  try {
    const value = parseJson(given, limits)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { given: value }
    return refused('The arguments are not a JSON object.')
  } catch (error) {
    if (error instanceof GatewayError) return refused(withFix(error))
    return refused(`The arguments are not JSON: ${(error as SyntaxError).message}.`)
  }
}

function refused(reason: string): Arguments {
  const message = `${reason} Call the tool again with one JSON object that fits its schema.`
  return { given: {}, refusal: new RpcError(RPC.invalidParams, message) }
}
