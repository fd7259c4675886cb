import type { Params } from './rpc-requests.ts'

export const TOOL_COUNT = 1_000
export const BLOB_BYTES = 100_000
export const BLOB_END = 'the last line'

/** One kind of request, and how a right reply is known. */
export interface Ask {
  method: string
  params(prefix: string): Params
  /** Stands near the end of every right reply. */
  marker: string
  leastBytes: number
}

export interface Scenario {
  name: string
  ask: keyof typeof ASKS
  callers: number
  /** CPU per call is compared with this target's. */
  reference: 'bare-pipe' | 'bare-parse'
}

const text = 'What changed in the release of last Tuesday?'

export const ASKS = {
  small: call('echo', { text }, text, 100),
  blob: call('blob', {}, BLOB_END, BLOB_BYTES),
  list: { method: 'tools/list', params: () => ({}), marker: `tool_${TOOL_COUNT - 1}`, leastBytes: 350_000 },
}

function call(tool: string, args: Params, marker: string, leastBytes: number): Ask {
  const params = (prefix: string) => ({ name: prefix + tool, arguments: args })
  return { method: 'tools/call', params, marker, leastBytes }
}

export function scenarios(callers: number): Scenario[] {
  const half = Math.ceil(callers / 2)
  return [
    { name: 'small tools/call', ask: 'small', callers: 1, reference: 'bare-parse' },
    { name: 'small tools/call', ask: 'small', callers, reference: 'bare-parse' },
    { name: 'tools/call with a 100 kB reply', ask: 'blob', callers, reference: 'bare-pipe' },
    { name: 'tools/list of 1,000 tools', ask: 'list', callers: half, reference: 'bare-pipe' },
  ]
}
