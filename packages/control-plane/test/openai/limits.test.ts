import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { type ScriptedServer, startScripted } from '../upstreams/scripted-http.ts'
import { ask, call, chatCall, type Door, type Event, stream, toolsOf } from './door-client.ts'

const open = new AsyncDisposableStack()
let plane: ControlPlane
let door: Door
let scripted: ScriptedServer

const LARGE = 'x'.repeat(400_000)

beforeAll(async () => {
  const limits = ['calls-per-request=6', 'calls-per-token=4', 'json-values=1000', 'unread-bytes=1048576']
  plane = open.use(await ControlPlane.start({ args: limits.flatMap((limit) => ['--limit', limit]) }))
  door = await plane.workspace('team')
  scripted = open.use(await startScripted('modern'))
  const many = Array.from({ length: 129 }, (_, at) => `tool-${at}`)
  const catalog = open.use(await startScripted('modern', { moreTools: many, onlyMoreTools: true }))
  const large = open.use(
    await startScripted('modern', { moreTools: ['tool'], onlyMoreTools: true, text: LARGE }),
  )
  await plane.addServer('team', { name: 'large', url: large.url })
  await plane.addServer('team', { name: 'scripted', url: scripted.url })
  await plane.addServer('team', { name: 'catalog', url: catalog.url })
})

afterAll(() => open.disposeAsync())

const calls = (count: number, name: string, args: unknown = {}) => ({
  tool_calls: Array.from({ length: count }, (_, at) => chatCall(`call_${at}`, name, args)),
})
const contents = (answer: Record<string, unknown>) =>
  (answer.messages as { content: string }[]).map(({ content }) => content)

describe('a list of more tools than one request takes', () => {
  it.each(['chat', 'responses', 'gemini'])(
    'is refused in the format %s, with what there is',
    async (format) => {
      const { status, body } = await ask(door, 'GET', `tools?format=${format}`)
      expect(status).toBe(400)
      expect(body).toMatchObject({
        code: 'invalid_request',
        detail: 'These are 145 tools, and one request takes 128.',
        fix: expect.stringContaining('?servers='),
        tools: 145,
        limit: 128,
        servers: { catalog: 129, large: 1, scripted: 15 },
      })
    },
  )

  it('is given whole to who asks for that, and where the API has no such limit', async () => {
    expect(await toolsOf(door, 'format=chat&limit=none')).toHaveLength(145)
    expect(await toolsOf(door, 'format=chat&limit=200')).toHaveLength(145)
    expect(await toolsOf(door, 'format=anthropic')).toHaveLength(145)
  })

  it.each([
    ['servers=scripted', 15],
    ['servers=scripted,none', 15],
    ['servers=cat*&tools=*-12*', 10],
    ['tools=catalog__tool-7,scripted/peek', 2],
    ['readOnly=true', 2],
    ['readOnly=true&tools=scripted__peek', 1],
    ['servers=none', 0],
  ])('is made shorter by %s', async (query, count) => {
    expect(await toolsOf(door, `format=responses&${query}`)).toHaveLength(count)
  })

  it('is the same each time, in the order of the servers and their lists', async () => {
    const first = await ask(door, 'GET', 'tools?limit=none')
    expect((await ask(door, 'GET', 'tools?limit=none')).body).toEqual(first.body)
    const names = (first.body.tools as { function: { name: string } }[]).map((tool) => tool.function.name)
    expect(names.slice(0, 129)).toEqual(Array.from({ length: 129 }, (_, at) => `catalog__tool-${at}`))
  })
})

it('refuses a request with more calls than it may have, and runs none of them', async () => {
  const before = scripted.heard.length
  const { status, body } = await ask(door, 'POST', 'calls', calls(7, 'scripted__peek'))
  expect({ status, body }).toMatchObject({
    status: 413,
    body: {
      code: 'too_large',
      detail: 'The body has 7 calls, more than 6.',
      fix: expect.stringContaining('calls-per-request'),
    },
  })
  expect(scripted.heard).toHaveLength(before)
})

it('counts the values in arguments, which the scan of the body sees as texts', async () => {
  const list = (length: number) => ({ list: Array.from({ length }, () => 1) })
  expect(contents(await call(door, calls(1, 'scripted__peek', list(900))))).toEqual(['peek was called'])
  expect(contents(await call(door, calls(1, 'scripted__peek', list(1_100))))).toEqual([
    expect.stringMatching(/^Error: The JSON has more than 1000 values\./),
  ])
  const shared = contents(await call(door, calls(2, 'scripted__peek', list(900))))
  expect(shared).toEqual(Array(2).fill(expect.stringMatching(/^Error: The JSON has more than 500 values\./)))
})

it('counts each of several calls against the token, and says so in the place of those that are too many', async () => {
  const found: string[] = []
  for await (const { event, data } of stream(door, calls(6, 'scripted__progress', { hold: true }))) {
    if (event === 'result') found.push(String(data.content))
    // The refused ones come first: the others wait for this, which another token asks for.
    if (found.length === 2 && event === 'result') {
      const other = { ...door, token: await plane.token('team') }
      await expect.poll(() => scripted.heard.filter(({ raw }) => raw.includes('"hold":true')).length).toBe(4)
      await call(other, calls(1, 'scripted__release'))
    }
  }
  expect(found).toHaveLength(6)
  expect(found.slice(0, 2)).toEqual(
    Array(2).fill(expect.stringMatching(/^Error: This token has 4 calls running already\. Try again/)),
  )
  expect(found.slice(2)).toEqual(Array(4).fill('done'))
})

it('keeps large results within the memory there is for them, each in its place', async () => {
  const answers = contents(await call(door, calls(4, 'large__tool')))
  expect(answers).toHaveLength(4)
  const isWhole = (text: string) => text === LARGE
  expect(answers.filter(isWhole).length).toBeGreaterThan(0)
  for (const text of answers.filter((one) => !isWhole(one)))
    expect(text).toMatch(/^Error: .*(there is no room|Too many large answers)/)
  // What was counted is given back.
  await expect.poll(async () => contents(await call(door, calls(2, 'large__tool'))).every(isWhole)).toBe(true)
})

it.each([
  ['is no JSON by its header', { 'content-type': 'text/plain' }, '{"tool_calls":[]}', 415],
  ['is compressed', { 'content-encoding': 'gzip' }, '{"tool_calls":[]}', 415],
  ['is too large', {}, `{"tool_calls":[],"more":"${'x'.repeat(4_200_000)}"}`, 413],
  ['has too many values', {}, `{"tool_calls":[],"more":[${Array(1_100).fill(1)}]}`, 413],
])('refuses a body that %s', async (_, headers, body, status) => {
  const response = await fetch(`${door.url}/openai/calls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${door.token}`, 'content-type': 'application/json', ...headers },
    body,
  })
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({
    status,
    code: expect.any(String),
    detail: expect.any(String),
  })
})

it('streams each result when it is ready, whatever the order of the calls, and says when all are', async () => {
  const asked = {
    tool_calls: [
      chatCall('slow', 'scripted__progress', { hold: true }),
      chatCall('quick', 'scripted__peek', {}),
    ],
  }
  const events: Event[] = []
  for await (const event of stream(door, asked)) {
    events.push(event)
    if (event.data.tool_call_id === 'quick') {
      await scripted.hears('tools/call', '"hold":true')
      await call(door, calls(1, 'scripted__release'))
    }
  }
  expect(events).toEqual([
    { event: 'result', data: { role: 'tool', tool_call_id: 'quick', content: 'peek was called' } },
    { event: 'result', data: { role: 'tool', tool_call_id: 'slow', content: 'done' } },
    { event: 'done', data: { results: 2 } },
  ])
})

it('streams by ?stream=true too, and tells what is asked of the user before the result', async () => {
  const response = await ask(door, 'POST', 'calls?stream=false', calls(1, 'scripted__peek'))
  expect(response.headers.get('content-type')).toBe('application/json')
  const events = []
  for await (const { event } of stream(door, calls(1, 'scripted__ask-twice'), '?stream=true'))
    events.push(event)
  expect(events).toEqual(['input_required', 'result', 'done'])
})

it('tells the server when the application goes away', async () => {
  const leaving = new AbortController()
  const asked = fetch(`${door.url}/openai/calls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${door.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(calls(1, 'scripted__wait', { marker: 'left' })),
    signal: leaving.signal,
  })
  await scripted.hears('tools/call', '"marker":"left"')
  leaving.abort()
  await expect(asked).rejects.toThrow()
  await scripted.hears('closed')
  await expect
    .poll(async () => {
      const { items } = await plane.api('GET', '/workspaces/team/audit?kind=call&outcome=cancelled')
      return (items as { tool: string }[]).map(({ tool }) => tool)
    })
    .toEqual(['wait'])
})

it('ends a stream when its token is revoked', async () => {
  const issued = await plane.api('POST', '/workspaces/team/tokens', {
    name: 'short',
    member: 'eve',
    role: 'developer',
  })
  const revoked = { ...door, token: String(issued.token) }
  const events: string[] = []
  const read = async () => {
    for await (const { event } of stream(revoked, {
      tool_calls: [
        chatCall('1', 'scripted__peek', {}),
        chatCall('2', 'scripted__wait', { marker: 'revoked' }),
      ],
    })) {
      events.push(event)
      await scripted.hears('tools/call', '"marker":"revoked"')
      await plane.api('DELETE', `/workspaces/team/tokens/${issued.id}`)
    }
  }
  await expect(read()).rejects.toThrow()
  expect(events).toEqual(['result'])
})
