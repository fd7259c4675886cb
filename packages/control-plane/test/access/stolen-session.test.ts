import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { answerText, startSmall } from '../resilience/small-upstream.ts'
import { WireClient } from '../resilience/wire-client.ts'

const opened = new AsyncDisposableStack()
let plane: ControlPlane
let victim: WireClient
let sessionId: string

beforeAll(async () => {
  plane = opened.use(await ControlPlane.start())
  const upstream = opened.use(await startSmall(['echo'], (call) => answerText(call, 'hello')))
  const team = await plane.workspace('team')
  await plane.workspace('other')
  await plane.addServer('team', { name: 'up', url: upstream.url })
  victim = await WireClient.open(team.url, team.token)
  sessionId = victim.sessionId ?? ''
})

afterAll(() => opened.disposeAsync())

async function useSession(slug: string, token: string, method: string, id: string): Promise<string> {
  const response = await fetch(`${plane.url}/ws/${slug}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'mcp-session-id': id,
      accept: method === 'GET' ? 'text/event-stream' : 'application/json',
      ...(method === 'POST' && { 'content-type': 'application/json' }),
    },
    ...(method === 'POST' && { body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }) }),
  })
  const text = response.ok ? '' : await response.text()
  if (response.ok) await response.body?.cancel()
  return `${response.status} ${text}`
}

const METHODS = ['POST', 'GET', 'DELETE']

describe('[T16] the id of somebody else’s session', () => {
  it('is worth nothing with any other token, here or in another workspace', async () => {
    const colleague = await plane.token('team', { member: 'colleague' })
    const sameMember = await plane.token('team')
    const admin = await plane.token('team', { role: 'admin' })
    const foreigner = await plane.token('other')
    for (const method of METHODS) {
      for (const token of [colleague, sameMember, admin, plane.ownerToken]) {
        const answer = await useSession('team', token, method, sessionId)
        expect(answer).toMatch(/^404 .*session is unknown or has ended/)
        // The same as for an id that was never given.
        expect(answer).toBe(await useSession('team', token, method, 'never-given'))
      }
      expect(await useSession('other', foreigner, method, sessionId)).toMatch(/^404 .*session is unknown/)
      expect(await useSession('team', foreigner, method, sessionId)).toMatch(/^404 .*no workspace/)
    }
    expect(await victim.tools()).toEqual(['up__echo'])
  })

  it('cannot be guessed: it is sealed, and no changed one opens', async () => {
    // A nonce of 96 bits and a tag of 128 at least, beside what it says.
    expect(Buffer.from(sessionId.split('.').at(-1) ?? '', 'base64url').length).toBeGreaterThan(28)
    for (let at = 0; at < sessionId.length; at += 1) {
      const other = sessionId[at] === 'A' ? 'B' : 'A'
      const changed = `${sessionId.slice(0, at)}${other}${sessionId.slice(at + 1)}`
      // The last character of base64 may hold bits that mean nothing.
      if (Buffer.from(changed, 'base64url').equals(Buffer.from(sessionId, 'base64url'))) continue
      expect([at, await useSession('team', victim.token, 'POST', changed)]).toEqual([
        at,
        expect.stringMatching(/^404 /),
      ])
    }
    expect(await victim.tools()).toEqual(['up__echo'])
  })
})
