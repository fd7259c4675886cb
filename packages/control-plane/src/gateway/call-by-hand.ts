import { compilePolicy } from '../access/policy.ts'
import { GATEWAY_INFO } from '../aggregation/workspace-view.ts'
import type { AuditEntry } from '../model/audit-row.ts'
import { GatewayError } from '../model/error.ts'
import type { Principal } from '../model/principal.ts'
import type { CallTool, ToolCall, ToolCallAnswer, ToolCallError } from '../model/tool-caller.ts'
import { capabilityKey, readCapabilities } from '../protocol/capabilities.ts'
import { NO_LIMITS, parseJson } from '../protocol/json.ts'
import type { RpcRequest } from '../protocol/message.ts'
import { type Bytes, inOnePiece, sizeOf } from '../protocol/reply-bytes.ts'
import type { RpcError, RpcErrorObject } from '../protocol/rpc-error.ts'
import type { Caller, Link } from './caller.ts'
import { OPERATIONS } from './operations.ts'
import type { GatewayContext } from './use-server.ts'
import type { Workspaces } from './workspaces.ts'

export interface ByHandOptions {
  workspaces: Pick<Workspaces, 'byId'>
  gateway: GatewayContext
  /** Calls back when the token ends that somebody else calls with; that of the caller is watched at the door. */
  watch(principal: Principal, onEnd: () => void): () => void
}

/** People look at answers; programs take them from the MCP door. */
const MAX_RESULT_BYTES = 2 * 1024 * 1024

/** Whoever calls by hand can fill in a form and open a page. A model they have not got. */
const CAPABILITIES = { elicitation: { form: {}, url: {} } }

/** Calls of people at a dashboard: the same journey as an agent's, and the same row. */
export function createCallByHand({ workspaces, gateway, watch }: ByHandOptions): CallTool {
  return async (call) => {
    const runtime = await workspaces.byId(call.workspaceId)
    const serve = OPERATIONS.get('tools/call')
    if (runtime === undefined || serve === undefined)
      throw new GatewayError('not_found', 'There is no such workspace.')
    const told: { row?: AuditEntry; error?: RpcError | GatewayError | undefined } = {}
    const request = requestOf(call)
    const end = endOf(call, watch)
    try {
      const { bytes } = await serve(gateway, {
        runtime,
        caller: callerOf(call),
        request,
        link: linkUntil(end.signal),
        bytesIn: Buffer.byteLength(JSON.stringify(request.params)),
        recorded: (row, error) => Object.assign(told, { row, error }),
      })
      if (told.row === undefined) throw new Error('a call leaves a row')
      return { row: told.row, ...read(bytes, told.row, told.error) }
    } finally {
      end.stop()
    }
  }
}

function requestOf({ name, arguments: args, inputResponses, requestState }: ToolCall): RpcRequest {
  const params = {
    name,
    arguments: args,
    ...(inputResponses !== undefined && { inputResponses }),
    ...(requestState !== undefined && { requestState }),
  }
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
}

/** A modern client: it is asked by its answer, and comes back. */
function callerOf({ as, by }: ToolCall): Caller {
  const capabilities = readCapabilities(CAPABILITIES)
  return {
    principal: as,
    policy: compilePolicy(as),
    era: 'modern',
    client: `playground (${by.member})`,
    clientInfo: { name: 'mcpgw playground', version: GATEWAY_INFO.version },
    capabilities: CAPABILITIES,
    profile: {
      capabilities,
      capabilityKey: capabilityKey(capabilities),
      // Apart from the clients of the token, whose servers may remember what they were asked before.
      session: `playground ${by.tokenId} ${as.tokenId}`,
      member: as.member,
    },
    logLevel: undefined,
  }
}

/** The call is over when the request is, or when the token it is made with is. */
function endOf({ as, by, signal }: ToolCall, watch: ByHandOptions['watch']) {
  const ended = new AbortController()
  const stop = as === by ? () => {} : watch(as, () => ended.abort())
  return { signal: signal === undefined ? ended.signal : AbortSignal.any([ended.signal, signal]), stop }
}

function linkUntil(signal: AbortSignal): Link {
  return {
    notify: () => {},
    ask: () => Promise.reject(new GatewayError('unsupported', 'A modern client is asked by its answer.')),
    onCancel(listener) {
      const cancelled = () => listener('The caller went away.')
      if (signal.aborted) cancelled()
      else signal.addEventListener('abort', cancelled, { once: true })
    },
  }
}

function read(
  bytes: Bytes,
  row: AuditEntry,
  failure: RpcError | GatewayError | undefined,
): Omit<ToolCallAnswer, 'row'> {
  if (failure !== undefined) return { error: ourError(failure, row) }
  if (sizeOf(bytes) > MAX_RESULT_BYTES) return { error: tooLarge(sizeOf(bytes)) }
  // Written by us or checked on its way in: one JSON-RPC response.
  const { result, error } = parseJson(inOnePiece(bytes), NO_LIMITS) as {
    result?: Record<string, unknown>
    error?: RpcErrorObject
  }
  if (error !== undefined) return { error: serverError(error) }
  const { resultType, ...rest } = result ?? {}
  return resultType === 'input_required' ? { inputRequired: rest } : { result: rest }
}

function ourError(failure: RpcError | GatewayError, { outcome }: AuditEntry): ToolCallError {
  if (failure instanceof GatewayError) {
    const { code, message, fix } = failure
    return { code, message, ...(fix !== undefined && { fix }) }
  }
  if (outcome !== 'denied') return { code: 'invalid_request', message: failure.message }
  return {
    code: 'not_found',
    message: failure.message,
    fix: 'Look at what the token sees: its rules, the selection of the server and changed definitions hide tools. The reason is in the log.',
  }
}

function serverError({ code, message, data }: RpcErrorObject): ToolCallError {
  return { code: 'protocol_error', message, rpcCode: code, ...(data !== undefined && { data }) }
}

function tooLarge(bytes: number): ToolCallError {
  return {
    code: 'too_large',
    message: `The result has ${bytes} bytes, more than the 2 MiB that are shown here.`,
    fix: 'The call was made. Use an MCP client to get results of this size, or ask the tool for less.',
  }
}
