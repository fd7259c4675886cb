import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLIENTS, connect, type TestClient } from './clients.ts'
import { legacyText, modernText, openLegacy, postModern, type RawReply } from './raw-clients.ts'
import {
  eraOf,
  KINDS,
  type Kind,
  openScriptedWorkspace,
  type ScriptedWorkspace,
} from './scripted-workspace.ts'

const open = new AsyncDisposableStack()
let workspace: ScriptedWorkspace

beforeAll(async () => {
  workspace = open.use(await openScriptedWorkspace())
}, 30_000)

afterAll(() => open.disposeAsync(), 15_000)

type Json = Record<string, unknown>

function answer(_method: string, params: Json): Json {
  if (params.mode === 'url') return { action: 'accept' }
  if (String(params.message).includes('name')) return { action: 'accept', content: { name: 'Ada' } }
  if (String(params.message).includes('colour')) return { action: 'accept', content: { colour: 'blue' } }
  return { role: 'assistant', content: { type: 'text', text: 'Something.' }, model: 'test-model' }
}

describe.each(CLIENTS)('a $era client $way', ({ era, way }) => {
  let client: TestClient
  const asked: { method: string; params: Json }[] = []

  beforeAll(async () => {
    const { url, token } = workspace
    const options = { era, way, url, token }
    client = open.use(
      await connect({
        ...options,
        answer: (method, params) => {
          asked.push({ method, params })
          return answer(method, params)
        },
      }),
    )
  }, 15_000)

  it.each(KINDS)('answers two questions in a row of %s', async (kind) => {
    asked.length = 0
    const { text } = await client.call(`${kind}__ask-twice`)
    expect(JSON.parse(text)).toMatchObject([
      { action: 'accept', content: { name: 'Ada' } },
      { action: 'accept', content: { colour: 'blue' } },
    ])
    expect(asked.map(({ params }) => params.message)).toEqual(['Your name?', 'Your colour?'])
    expect(asked[0]?.params.requestedSchema).toMatchObject({ properties: { name: { type: 'string' } } })
  })

  it.each(KINDS)('lends its model to %s', async (kind) => {
    asked.length = 0
    const { text } = await client.call(`${kind}__sample`)
    expect(JSON.parse(text)).toMatchObject({
      content: { type: 'text', text: 'Something.' },
      model: 'test-model',
    })
    expect(asked[0]?.params).toMatchObject({ maxTokens: 10 })
  })

  it.each(KINDS)('is sent to a URL by %s', async (kind) => {
    asked.length = 0
    const { text } = await client.call(`${kind}__ask-url`)
    expect(JSON.parse(text)).toMatchObject({ action: 'accept' })
    const url = 'https://example.com/sign-in'
    expect(asked).toMatchObject([
      { method: 'elicitation/create', params: { mode: 'url', url, message: 'Please sign in.' } },
    ])
    if (era === 'legacy') expect(asked[0]?.params.elicitationId).toEqual(expect.any(String))
  })

  it.each(KINDS.filter((kind) => eraOf(kind) === 'legacy'))(
    'learns that %s wants a URL to be visited first',
    async (kind) => {
      asked.length = 0
      const call = () => client.call(`${kind}__needs-url`)
      if (era === 'legacy') {
        await expect(call()).rejects.toMatchObject({
          code: -32042,
          data: { elicitations: [{ mode: 'url', url: 'https://example.com/sign-in', elicitationId: 'e-1' }] },
        })
        expect((await call()).text).toBe('signed in')
      } else {
        expect((await call()).text).toBe('signed in')
        expect(asked).toMatchObject([{ params: { mode: 'url', url: 'https://example.com/sign-in' } }])
      }
    },
  )

  it('keeps the questions of calls that run at the same time apart', async () => {
    const calls = KINDS.map((kind) => client.call(`${kind}__ask-twice`))
    for (const { text } of await Promise.all(calls))
      expect(JSON.parse(text)).toMatchObject([{ content: { name: 'Ada' } }, { content: { colour: 'blue' } }])
  })
})

const asking = '{"elicitation":{"form":{}}}'

function callAsking(kind: Kind, more = '', token = workspace.token, tool = 'ask-twice'): Promise<RawReply> {
  const params = `"name":"${kind}__${tool}","arguments":{"a":1}${more}`
  return postModern(workspace.url, token, modernText(1, 'tools/call', params, '', asking))
}

function withState(state: unknown, responses = '{}'): string {
  return `,"requestState":${JSON.stringify(state)},"inputResponses":${responses}`
}

describe.each(['legacy-http', 'legacy-stdio', 'modern-http'] as const)(
  'the requestState of a call to %s',
  (kind) => {
    const refusal = { error: { code: -32602, message: expect.stringContaining('requestState') } }

    async function firstQuestion(): Promise<{ state: string; key: string }> {
      const { last } = await callAsking(kind)
      expect(last.result?.resultType).toBe('input_required')
      const [key = ''] = Object.keys(last.result?.inputRequests as Json)
      return { state: String(last.result?.requestState), key }
    }

    it('tells nothing of what it holds', async () => {
      const { state } = await firstQuestion()
      expect(state).not.toContain('asked')
      expect(Buffer.from(state, 'base64url').toString('latin1')).not.toMatch(/asked|parked|upstream/)
    })

    it('is refused when a single character was changed', async () => {
      const { state } = await firstQuestion()
      for (const at of [0, Math.floor(state.length / 2), state.length - 2]) {
        const other = state[at] === 'A' ? 'B' : 'A'
        const changed = state.slice(0, at) + other + state.slice(at + 1)
        expect((await callAsking(kind, withState(changed))).last).toMatchObject(refusal)
      }
      expect((await callAsking(kind, withState('made up'))).last).toMatchObject(refusal)
      expect((await callAsking(kind, withState(7))).last).toMatchObject(refusal)
    })

    it('is refused from another token, even of the same member', async () => {
      const { state } = await firstQuestion()
      const foreign = await workspace.plane.token(workspace.slug)
      expect((await callAsking(kind, withState(state), foreign)).last).toMatchObject(refusal)
    })

    it('is refused for another tool and for other arguments', async () => {
      const { state } = await firstQuestion()
      const other = await callAsking(kind, withState(state), workspace.token, 'exact')
      expect(other.last).toMatchObject(refusal)
      const body = `"name":"${kind}__ask-twice","arguments":{"a":2}${withState(state)}`
      const changed = await postModern(
        workspace.url,
        workspace.token,
        modernText(1, 'tools/call', body, '', asking),
      )
      expect(changed.last).toMatchObject(refusal)
    })

    it('goes on where the call was, and asks again what was not answered', async () => {
      const { state, key } = await firstQuestion()
      const responses = JSON.stringify({ [key]: { action: 'accept', content: { name: 'Ada' } } })
      const second = (await callAsking(kind, withState(state, responses))).last.result
      expect(second?.resultType).toBe('input_required')
      expect(JSON.stringify(second?.inputRequests)).toContain('Your colour?')
      expect(JSON.stringify(second?.inputRequests)).not.toContain('Your name?')

      if (eraOf(kind) === 'legacy') {
        const again = (await callAsking(kind, withState(second?.requestState))).last.result
        expect(JSON.stringify(again?.inputRequests)).toContain('Your colour?')
        const used = await callAsking(kind, withState(second?.requestState))
        expect(used.last).toMatchObject(refusal)
      }
    })
  },
)

const askable = '{"elicitation":{},"sampling":{}}'

it.each(['legacy-http', 'modern-http'] as const)(
  'carries a question of %s with everything in it',
  async (kind) => {
    const params = `"name":"${kind}__sample","arguments":{}`
    const { last } = await postModern(
      workspace.url,
      workspace.token,
      modernText(1, 'tools/call', params, '', askable),
    )
    expect(Object.values(last.result?.inputRequests as Json)).toEqual([
      {
        method: 'sampling/createMessage',
        params: {
          messages: [{ role: 'user', content: { type: 'text', text: 'Say something.' } }],
          maxTokens: 10,
          _meta: { 'com.example/kept': true },
        },
      },
    ])
  },
)

it.each(KINDS.filter((kind) => eraOf(kind) === 'legacy'))(
  'tells a legacy client that %s takes its question back, under the id it was asked with',
  async (kind) => {
    const send = await openLegacy(workspace.url, workspace.token, askable)
    const { messages } = await send(legacyText(2, 'tools/call', `"name":"${kind}__withdraw","arguments":{}`))
    const [question, cancellation, reply] = messages.map((message) => JSON.parse(message))
    expect(question).toMatchObject({ method: 'elicitation/create' })
    expect(cancellation).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: question.id, reason: 'Never mind.' },
    })
    expect(reply).toMatchObject({ id: 2, result: { content: [{ text: 'withdrawn' }] } })
  },
)

it.each(KINDS.filter((kind) => eraOf(kind) === 'legacy'))(
  'gives a modern client the answer when %s has taken its question back meanwhile',
  async (kind) => {
    const call = (more: string) =>
      postModern(
        workspace.url,
        workspace.token,
        modernText(1, 'tools/call', `"name":"${kind}__withdraw","arguments":{}${more}`, '', askable),
      )
    const { result } = (await call('')).last
    expect(result?.resultType).toBe('input_required')
    const [key = ''] = Object.keys(result?.inputRequests as Json)
    const responses = JSON.stringify({ [key]: { action: 'decline' } })
    expect((await call(withState(result?.requestState, responses))).last.result).toMatchObject({
      content: [{ text: 'withdrawn' }],
    })
  },
)
