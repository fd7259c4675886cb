import { asObject, asString } from '../json-object.ts'
import type { ClientMessage } from './client-message.ts'
import type { Headers } from './courier.ts'
import { encodeHeaderValue } from './header-value.ts'
import type { MirroredParameters } from './mirrored-parameters.ts'

/** The headers revision 2026-07-28 wants beside a request, each saying what the body says. */
export function modernHeaders(message: ClientMessage, mirrored: MirroredParameters): Headers {
  const { method, params, modernVersion } = message
  if (method === undefined || modernVersion === undefined) return {}
  const name = nameOf(method, params ?? {})
  return {
    'mcp-protocol-version': modernVersion,
    'mcp-method': encodeHeaderValue(method),
    ...(name === undefined ? {} : { 'mcp-name': encodeHeaderValue(name) }),
    ...(method === 'tools/call' ? mirrored.headersFor(name, asObject(params?.arguments)) : {}),
  }
}

function nameOf(method: string, params: Readonly<Record<string, unknown>>): string | undefined {
  if (method === 'tools/call' || method === 'prompts/get') return asString(params.name)
  if (method === 'resources/read') return asString(params.uri)
  return method.startsWith('tasks/') ? asString(params.taskId) : undefined
}
