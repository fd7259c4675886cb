import type { ControlPlane } from '../control-plane.ts'
import { type ScriptedServer, startScripted } from '../upstreams/scripted-http.ts'

type Json = Record<string, unknown>

/** A definition that has every member a tool can have, and one that no revision knows. */
export const FULL: Json = {
  name: 'tool',
  title: 'Tool',
  description: 'Does something.',
  inputSchema: { type: 'object', properties: { a: { type: 'string', description: 'What.' } } },
  outputSchema: { type: 'object', properties: { b: { type: 'number' } } },
  annotations: { readOnlyHint: true },
  icons: [{ src: 'https://example.com/icon.png' }],
  _meta: { 'com.example/kept': 1 },
  execution: { taskSupport: 'optional' },
  'com.example.unknown': [1, 2],
}

export const STEADY: Json = { name: 'steady', inputSchema: { type: 'object' } }
/** Calling it tells the gateway that the list has changed. */
export const ANNOUNCE: Json = { name: 'announce', inputSchema: { type: 'object' } }

/** A server whose tools are what the test last said, and that hears every call. */
export interface ChangingServer extends ScriptedServer {
  lists(...tools: Json[]): void
  calls(): number
}

export async function startChanging(kind: 'legacy' | 'modern' = 'modern'): Promise<ChangingServer> {
  let tools: Json[] = [FULL, STEADY, ANNOUNCE]
  const server = await startScripted(kind, { definitions: () => tools.map((tool) => JSON.stringify(tool)) })
  return Object.assign(server, {
    lists: (...now: Json[]) => {
      tools = now
    },
    calls: () =>
      server.heard.filter(({ method, raw }) => method === 'tools/call' && raw.includes('"tool"')).length,
  })
}

export interface PinAnswer {
  tool: string
  state: 'approved' | 'changed'
  hash: string
  approvedBy: string
  flags: unknown[]
  pending?: { hash: string; since: string; changes: { path: string }[]; flags: { kind: string }[] }
}

/** What is recorded of a server's tools. */
export async function pinsOf(
  plane: ControlPlane,
  path: string,
  query = '',
  token?: string,
): Promise<PinAnswer[]> {
  const { items } = await plane.api('GET', `${path}/pins${query}`, undefined, token)
  // The shape is a part of the public contract; a wrong one fails where it is used.
  return items as PinAnswer[]
}

export async function pendingOf(plane: ControlPlane, path: string, tool = 'tool') {
  const pins = await pinsOf(plane, path, '?state=changed')
  const pending = pins.find((pin) => pin.tool === tool)?.pending
  if (pending === undefined) throw new Error(`Nothing waits of "${tool}": ${JSON.stringify(pins)}`)
  return pending
}
