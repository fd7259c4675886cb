import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { modernText, postModern } from '../gateway/raw-clients.ts'
import { type ScriptedServer, startScripted } from '../upstreams/scripted-http.ts'
import { type Asked, ask, call, chatCall, DIALECTS, type Door, FORMAT_NAMES, toolsOf } from './door-client.ts'

const open = new AsyncDisposableStack()
let plane: ControlPlane
let door: Door
let changing: ScriptedServer
let definition = '"description":"As approved."'

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
  door = await plane.workspace('team')
  const modern = open.use(await startScripted('modern'))
  const legacy = open.use(await startScripted('legacy'))
  changing = open.use(
    await startScripted('modern', {
      definitions: () => [`{"name":"tool",${definition},"inputSchema":{"type":"object"}}`],
    }),
  )
  await plane.addServer('team', { name: 'modern', url: modern.url })
  await plane.addServer('team', { name: 'legacy', url: legacy.url })
  await plane.addServer('team', { name: 'off', url: modern.url })
  await plane.addServer('team', { name: 'gone', url: changing.url, pin: 'enforce' })
  await plane.api('PATCH', '/workspaces/team/servers/off', { enabled: false })
})

afterAll(() => open.disposeAsync())

type Row = Record<string, unknown>

async function lastRow(shownAs: string, client: string): Promise<Row | undefined> {
  const { items } = await plane.api('GET', '/workspaces/team/audit?kind=call&limit=200')
  return (items as Row[]).find((row) => row.shownAs === shownAs && row.client === client)
}

describe.each(FORMAT_NAMES)('a model that calls in the format %s', (format) => {
  const { body, read } = DIALECTS[format]
  const one = async (asked: Omit<Asked, 'id'>, token = door.token) => {
    const [result] = read(await call({ ...door, token }, body([{ id: 'call_1', ...asked }])))
    return result
  }
  const rowOf = (shownAs: string) => lastRow(shownAs, `openai/${format}`)

  it('reads that a tool which its token may not call is unknown, and the log why', async () => {
    const token = await plane.token('team', { role: 'readonly', rules: { readOnlyTools: true } })
    const unknown = 'Unknown tool: modern__fail. Call one of the tools you were given, by exactly its name.'
    expect(await one({ name: 'modern__fail', args: {} }, token)).toMatchObject({
      text: unknown,
      isError: true,
    })
    expect(await rowOf('modern__fail')).toMatchObject({
      outcome: 'denied',
      reason: 'not_read_only',
      server: 'modern',
      tool: 'fail',
    })
  })

  it('reads the same of a tool that is not there, and of one of a disabled server', async () => {
    const text = (name: string) =>
      `Unknown tool: ${name}. Call one of the tools you were given, by exactly its name.`
    for (const [name, reason] of [
      ['nowhere__tool', 'unknown'],
      ['off__peek', 'server_disabled'],
    ] as const) {
      expect(await one({ name, args: {} })).toEqual({ id: 'call_1', text: text(name), isError: true })
      expect(await rowOf(name)).toMatchObject({ outcome: 'denied', reason })
    }
  })

  it('reads what went wrong inside of a tool', async () => {
    expect(await one({ name: 'modern__fail', args: {} })).toMatchObject({ text: 'It failed.', isError: true })
    expect(await rowOf('modern__fail')).toMatchObject({ outcome: 'tool_error' })
  })

  it('reads what a server refused, in its own words', async () => {
    expect(await one({ name: 'legacy__refuse', args: {} })).toMatchObject({
      text: 'Refused. {"com.example.why":9007199254740993}',
      isError: true,
    })
    expect(await rowOf('legacy__refuse')).toMatchObject({ outcome: 'protocol_error' })
  })

  it('reads that a server broke the connection, and what to do', async () => {
    const result = await one({ name: 'legacy__drop', args: {} })
    expect(result).toMatchObject({ text: expect.stringContaining('"legacy"'), isError: true })
    expect(await rowOf('legacy__drop')).toMatchObject({ outcome: 'unreachable' })
  })

  it('reads what a server wants to know of the user', async () => {
    const answer = await call(door, body([{ id: 'call_1', name: 'legacy__ask-twice', args: {} }]))
    const [result] = read(answer)
    expect(result?.text).toContain('Your name?')
    expect(result?.text).toContain('Ask the user.')
    expect(answer.input_required).toMatchObject([{ id: 'call_1', requestState: expect.any(String) }])
    expect(await rowOf('legacy__ask-twice')).toMatchObject({ outcome: 'ok', reason: 'input_required' })
  })
})

it.each([
  ['are no JSON', '{"city": "Os', /^Error: The arguments are not JSON: .* Call the tool again/],
  ['are no object', '["Oslo"]', /^Error: The arguments are not a JSON object\. Call the tool again/],
  ['are nested too deeply', `${'['.repeat(70)}${']'.repeat(70)}`, /^Error: The JSON is nested more than 64/],
])('tells a model that its arguments %s, and logs it', async (_, args, text) => {
  const { messages } = await call(door, { tool_calls: [chatCall('call_1', 'modern__exact', args)] })
  expect(messages).toMatchObject([{ content: expect.stringMatching(text) }])
  expect(await lastRow('modern__exact', 'openai/chat')).toMatchObject({
    outcome: 'protocol_error',
    server: 'modern',
    tool: 'exact',
  })
})

it('takes no arguments at all for an empty object', async () => {
  const { messages } = await call(door, { tool_calls: [chatCall('call_1', 'modern__peek', '')] })
  expect(messages).toMatchObject([{ content: 'peek was called' }])
})

it('tells a model that a server went away, and logs it', async () => {
  const asked = { tool_calls: [chatCall('call_1', 'gone__tool', {})] }
  expect(await call(door, asked)).toMatchObject({ messages: [{ content: 'tool was called' }] })
  await changing[Symbol.asyncDispose]()
  const { messages } = await call(door, asked)
  expect(messages).toMatchObject([
    { content: expect.stringMatching(/^Error: "gone": Nothing answers at .* Start the server/) },
  ])
  expect(await lastRow('gone__tool', 'openai/chat')).toMatchObject({ outcome: 'unreachable' })
})

describe.each(['modern', 'legacy'])(
  'an application that asks its user what a %s server wants to know',
  (era) => {
    const asked = { tool_calls: [chatCall('call_1', `${era}__ask-twice`, { a: 1 })] }
    const answers = (answer: Record<string, unknown>, content: object) => {
      const [needed] = answer.input_required as { requestState: string; inputRequests: object }[]
      const [key = ''] = Object.keys(needed?.inputRequests ?? {})
      const { requestState } = needed ?? {}
      return { call_1: { requestState, inputResponses: { [key]: { action: 'accept', content } } } }
    }

    it('sends the same call again with the answers, until it has the result', async () => {
      const first = await call(door, asked)
      const second = await call(door, { ...asked, input_responses: answers(first, { name: 'Ada' }) })
      expect(second.messages).toMatchObject([{ content: expect.stringContaining('Your colour?') }])
      const last = await call(door, { ...asked, input_responses: answers(second, { colour: 'blue' }) })
      expect(last.messages).toMatchObject([{ content: expect.stringMatching(/Ada.*blue/) }])
      expect(last.input_required).toBeUndefined()
    })

    it('cannot use the state of another token, or for other arguments', async () => {
      const first = await call(door, asked)
      const input_responses = answers(first, { name: 'Eve' })
      const foreign = { ...door, token: await plane.token('team') }
      const other = { tool_calls: [chatCall('call_1', `${era}__ask-twice`, { a: 2 })] }
      for (const [who, body] of [
        [foreign, asked],
        [door, other],
      ] as const) {
        const { messages } = await call(who, { ...body, input_responses })
        expect(messages).toMatchObject([
          { content: expect.stringMatching(/^Error: The requestState is not one/) },
        ])
      }
    })
  },
)

it('sends a user to the page that a server wants to have opened', async () => {
  const answer = await call(door, { tool_calls: [chatCall('call_1', 'modern__ask-url', {})] })
  expect(answer.messages).toMatchObject([
    { content: expect.stringContaining('The user has to open https://example.com/sign-in.') },
  ])
})

it('keeps every result in its place, whatever becomes of the others', async () => {
  const calls = ['modern__peek', 'nowhere__tool', 'modern__fail', 'legacy__peek', 'modern__peek']
  const { messages } = await call(door, {
    tool_calls: calls.map((name, at) => chatCall(`call_${at}`, name, {})),
  })
  expect((messages as Row[]).map(({ tool_call_id }) => tool_call_id)).toEqual(
    calls.map((_, at) => `call_${at}`),
  )
  expect((messages as Row[]).map(({ content }) => String(content).slice(0, 15))).toEqual([
    'peek was called',
    'Error: Unknown ',
    'Error: It faile',
    'peek was called',
    'peek was called',
  ])
})

describe('[M16] the two doors of a workspace', () => {
  const RULES = [
    {},
    { servers: { allow: ['modern'] } },
    { servers: { deny: ['modern'] } },
    { servers: { allow: [] } },
    { tools: { deny: ['*/fail', 'legacy/*'] } },
    { tools: { allow: ['*/peek', '*/fail'] } },
    { readOnlyTools: true },
  ]

  it.each(RULES)(
    'show the same tools to a token with the rules %j, and let it call the same',
    async (rules) => {
      const token = await plane.token('team', { rules })
      const own = { url: door.url, token }
      const asking = '{"elicitation":{"form":{},"url":{}}}'
      const { last } = await postModern(door.url, token, modernText(1, 'tools/list', '', '', asking))
      const listed = ((last.result?.tools ?? []) as { name: string }[]).map(({ name }) => name)
      const functions = (await toolsOf(own, 'format=anthropic')).map(({ name }) => name)
      expect(functions).toEqual(listed)
      for (const name of ['modern__peek', 'modern__fail', 'legacy__peek', 'off__peek', 'none']) {
        const text = modernText(2, 'tools/call', `"name":"${name}","arguments":{}`, '', asking)
        const mcp = await postModern(door.url, token, text)
        const { messages } = await call(own, { tool_calls: [chatCall('call_1', name, {})] })
        const isUnknown = JSON.stringify(messages).includes('Unknown tool')
        expect([name, isUnknown]).toEqual([name, mcp.last.error?.message === `Unknown tool: ${name}`])
        expect([name, isUnknown]).toEqual([name, !listed.includes(name)])
      }
    },
  )

  it('hold back a changed tool alike', async () => {
    const server = open.use(
      await startScripted('modern', {
        definitions: () => [`{"name":"tool",${definition},"inputSchema":{"type":"object"}}`],
      }),
    )
    await plane.addServer('team', { name: 'changing', url: server.url, pin: 'enforce' })
    const isListed = async () =>
      (await toolsOf(door, 'format=gemini&servers=changing')).some((one) =>
        JSON.stringify(one).includes('changing__tool'),
      )
    expect(await isListed()).toBe(true)
    definition = '"description":"Changed behind your back."'
    await plane.api('POST', '/workspaces/team/servers/changing/check')
    await expect.poll(isListed).toBe(false)
    const { messages } = await call(door, { tool_calls: [chatCall('call_1', 'changing__tool', {})] })
    expect(messages).toMatchObject([{ content: expect.stringContaining('Unknown tool') }])
    expect(server.heard.filter(({ method }) => method === 'tools/call')).toEqual([])
  })

  it('refuse a token of another workspace alike', async () => {
    const other = await plane.workspace('other')
    for (const path of ['tools', 'calls'])
      expect(
        await ask(
          { url: door.url, token: other.token },
          path === 'tools' ? 'GET' : 'POST',
          path,
          path === 'tools' ? undefined : {},
        ),
      ).toMatchObject({
        status: 404,
        body: { code: 'not_found', detail: 'There is no workspace "team" that this token opens.' },
      })
  })
})

it.each([
  [{}, 'The body has no calls.'],
  ['[', 'The body is not JSON'],
  [{ tool_calls: 'none' }, '"tool_calls" must be a list.'],
  [
    { tool_calls: [{ id: 'call_1', function: { name: '', arguments: '{}' } }] },
    '"tool_calls.0.function.name"',
  ],
  [{ output: [{ type: 'function_call', name: 'x', arguments: '{}' }] }, '"output.0.call_id"'],
  [{ tool_calls: [], input_responses: { call_1: 7 } }, '"input_responses.call_1"'],
])('says what is wrong with the body %j', async (body, detail) => {
  const answer = await ask(door, 'POST', 'calls', body)
  expect(answer).toMatchObject({
    status: 400,
    body: { code: 'invalid_request', detail: expect.stringContaining(detail) },
  })
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
})

it.each([
  ['format=xml', 'There is no format "xml".'],
  ['readOnly=perhaps', '"readOnly" is true or false.'],
  ['limit=many', '"limit" is a number of tools'],
])('says what is wrong with the query %s', async (query, detail) => {
  const { status, body } = await ask(door, 'GET', `tools?${query}`)
  expect({ status, body }).toMatchObject({
    status: 400,
    body: { code: 'invalid_request', detail: expect.stringContaining(detail) },
  })
})
