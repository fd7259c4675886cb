import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { legacyText, modernText, openLegacy, postModern, type RawReply } from '../gateway/raw-clients.ts'
import { openScriptedWorkspace, type ScriptedWorkspace } from '../gateway/scripted-workspace.ts'

const KINDS = ['legacy-http', 'modern-http', 'legacy-stdio'] as const
/** As long as `peek`, so that refusals differ in nothing else. */
const UNKNOWN = 'zzzz'

const open = new AsyncDisposableStack()
let workspace: ScriptedWorkspace

beforeAll(async () => {
  workspace = open.use(await openScriptedWorkspace())
}, 30_000)

afterAll(() => open.disposeAsync(), 15_000)

type Send = (params: string) => Promise<RawReply>

async function clientsOf(token: string): Promise<Record<'legacy' | 'modern', Send>> {
  const legacy = await openLegacy(workspace.url, token)
  return {
    legacy: (params) => legacy(legacyText(7, 'tools/call', params)),
    modern: (params) => postModern(workspace.url, token, modernText(7, 'tools/call', params)),
  }
}

/** What the log says of the newest refusal. */
async function lastRow(): Promise<Record<string, unknown>> {
  const { items } = await workspace.plane.api('GET', `/workspaces/${workspace.slug}/audit?kind=call&limit=1`)
  // The shape is a part of the public contract; a wrong one fails below.
  return (items as Record<string, unknown>[])[0] ?? {}
}

const patch = (kind: string, change: object) =>
  workspace.plane.api('PATCH', `/workspaces/${workspace.slug}/servers/${kind}`, change)

const WAYS: [string, { rules?: object; change?: object; undo?: object }, string][] = [
  ["the token's rules", { rules: { tools: { deny: ['*/peek'] } } }, 'tool_denied'],
  [
    "the server's selection",
    { change: { tools: { deny: ['peek'] } }, undo: { tools: {} } },
    'tool_not_selected',
  ],
  [
    'a server that is switched off',
    { change: { enabled: false }, undo: { enabled: true } },
    'server_disabled',
  ],
]

describe.each(WAYS)('[M15] a tool hidden by %s', (_, { rules, change, undo }, reason) => {
  it.each(['legacy', 'modern'] as const)(
    'answers a %s call exactly like one that does not exist, and is not called',
    async (era) => {
      const token = await workspace.plane.token(workspace.slug, rules === undefined ? {} : { rules })
      const send = (await clientsOf(token))[era]
      for (const kind of KINDS) {
        if (change !== undefined) await patch(kind, change)
        const call = (name: string) =>
          send(`"name":"${kind}__${name}","arguments":{"mark":"must-not-arrive"}`)
        const [hidden, unknown] = [await call('peek'), await call(UNKNOWN)]
        const row = await call('peek').then(lastRow)
        if (undo !== undefined) await patch(kind, undo)
        expect(hidden.status).toBe(unknown.status)
        expect(hidden.messages.join().replaceAll('peek', UNKNOWN)).toBe(unknown.messages.join())
        expect(hidden.last.error?.message).toContain('Unknown tool')
        expect(row).toMatchObject({ outcome: 'denied', reason, server: kind, shownAs: `${kind}__peek` })
        expect(workspace.heard(kind).filter(({ raw }) => raw.includes('must-not-arrive'))).toEqual([])
      }
    },
  )
})

it('[M15] calls what is not hidden', async () => {
  const { legacy } = await clientsOf(workspace.token)
  for (const kind of KINDS) {
    const reply = await legacy(`"name":"${kind}__peek","arguments":{}`)
    expect(reply.last.result).toMatchObject({ content: [{ text: 'peek was called' }] })
  }
})
