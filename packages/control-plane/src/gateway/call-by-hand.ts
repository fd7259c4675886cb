import { compilePolicy } from '../access/policy.ts'
import { GATEWAY_INFO } from '../aggregation/workspace-view.ts'
import { GatewayError } from '../model/error.ts'
import type { Principal } from '../model/principal.ts'
import type { CallTool, ToolCall, ToolCallAnswer, ToolCallError } from '../model/tool-caller.ts'
import { capabilityKey, readCapabilities } from '../protocol/capabilities.ts'
import { NO_LIMITS } from '../protocol/json.ts'
import type { RpcRequest } from '../protocol/message.ts'
import { type Bytes, sizeOf } from '../protocol/reply-bytes.ts'
import type { Caller, Link } from './caller.ts'
import { callTool } from './operations.ts'
import { readAnswer, type Told } from './read-answer.ts'
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
    if (runtime === undefined) throw new GatewayError('not_found', 'There is no such workspace.')
    let told: Told | undefined
    const request = requestOf(call)
    const end = endOf(call, watch)
    try {
      const { bytes } = await callTool(gateway, {
        runtime,
        caller: callerOf(call),
        request,
        link: linkUntil(end.signal),
        bytesIn: Buffer.byteLength(JSON.stringify(request.params)),
        recorded(row, error) {
          told = { row, error }
        },
      })
      return withRow(bytes, told)
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

function withRow(bytes: Bytes, told: Told | undefined): ToolCallAnswer {
  if (told === undefined) throw new Error('a call leaves a row')
  return { row: told.row, ...read(bytes, told) }
}

function read(bytes: Bytes, told: Told): Omit<ToolCallAnswer, 'row'> {
  if (told.error === undefined && sizeOf(bytes) > MAX_RESULT_BYTES) return { error: tooLarge(sizeOf(bytes)) }
  return readAnswer(bytes, told, { limits: NO_LIMITS, fixForUnknown: FIX_FOR_UNKNOWN })
}

const FIX_FOR_UNKNOWN =
  'Look at what the token sees: its rules, the selection of the server and changed definitions hide tools. The reason is in the log.'

function tooLarge(bytes: number): ToolCallError {
  return {
    code: 'too_large',
    message: `The result has ${bytes} bytes, more than the 2 MiB that are shown here.`,
    fix: 'The call was made. Use an MCP client to get results of this size, or ask the tool for less.',
  }
}
