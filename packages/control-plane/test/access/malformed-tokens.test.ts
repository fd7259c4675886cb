import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { startSmall } from '../resilience/small-upstream.ts'
import { WireClient } from '../resilience/wire-client.ts'
import { type TokenDoor, tokenDoors } from './doors.ts'
import { type Malformed, malformedAuthorizations } from './malformed-authorization.ts'
import { hostLine, sendRaw } from './raw-request.ts'

const opened = new AsyncDisposableStack()
let plane: ControlPlane
let good: string
let doors: TokenDoor[]
let lastAddress = 0

beforeAll(async () => {
  // Behind a proxy, so that each request comes from an address of its own and meets no limit.
  plane = opened.use(await ControlPlane.start({ args: ['--trust-proxy', '127.0.0.1'] }))
  const upstream = opened.use(await startSmall(['echo'], ({ response }) => void response.destroy()))
  await plane.workspace('team')
  await plane.addServer('team', { name: 'up', url: upstream.url })
  // Of the owner, whom every door lets in.
  good = plane.ownerToken
  doors = tokenDoors('team', (await WireClient.open(`${plane.url}/ws/team`, good)).sessionId ?? '')
})

afterAll(() => opened.disposeAsync())

function knock({ line, headers, body }: TokenDoor, { lines, query }: Malformed) {
  lastAddress += 1
  const from = `X-Forwarded-For: 203.0.${lastAddress >> 8}.${lastAddress & 255}`
  const path = query === undefined ? line : `${line}?${query}`
  return sendRaw(plane.url, path, [hostLine(plane.url), from, ...headers, ...lines], body)
}

/** Cut while it was still being sent, or refused as no HTTP at all, as unauthenticated, or as too large. */
const REFUSED = [0, 400, 401, 431]

describe('a token that is not presented as "Authorization: Bearer TOKEN"', () => {
  it('[T3] [T13] opens no door, in more than 40 ways', async () => {
    const ways = malformedAuthorizations(good)
    expect(ways.length).toBeGreaterThanOrEqual(40)
    const wrong: unknown[] = []
    let tried = 0
    for (const door of doors) {
      const answers = await Promise.all(ways.map(async (way) => ({ way, ...(await knock(door, way)) })))
      tried += answers.length
      for (const { way, status, head, body } of answers) {
        const leaks = `${head}${body}`.includes(good)
        if (!REFUSED.includes(status) || leaks) wrong.push([door.name, way.what, status, body.slice(0, 200)])
      }
    }
    expect(wrong).toEqual([])
    expect(tried).toBe(doors.length * ways.length)
  })

  it('[T3] changed nothing behind the doors', async () => {
    const { items } = await plane.api('GET', '/workspaces')
    expect(items).toEqual([expect.objectContaining({ slug: 'team', name: 'team' })])
    const credential = await plane.api('GET', '/workspaces/team/servers/up/credential')
    expect(credential.names).toEqual([])
  })

  it('[T3] would have opened them all as it should be', async () => {
    const asOwner = { what: 'as it should be', lines: [`Authorization: Bearer ${good}`] }
    const statuses = []
    for (const door of doors) statuses.push([door.name, (await knock(door, asOwner)).status])
    expect(statuses).toEqual([
      ['MCP POST, legacy', 200],
      ['MCP POST, session', 200],
      ['MCP POST, modern', 200],
      ['MCP GET', 200],
      ['OpenAI tools', 200],
      ['OpenAI calls', 200],
      ['MCP DELETE', 200],
      ['admin GET', 200],
      ['admin POST', 201],
      ['admin PATCH', 200],
      ['admin PUT', 200],
      ['log tail', 200],
      ['admin DELETE', 204],
    ])
  })

  it('[T13] stands in no line of the log of the program', () => {
    expect(plane.stderr).toContain('"msg":"ready"')
    expect(plane.stderr).not.toContain(good)
    expect(plane.stderr).not.toMatch(/"level":(?:50|60)/)
  })
})
