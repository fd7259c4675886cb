import OpenAI from 'openai'
import type { ChatCompletionMessageParam, ChatCompletionTool } from 'openai/resources/chat/completions'
import type { FunctionTool, ResponseInputItem } from 'openai/resources/responses/responses'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { EVERYTHING } from '../gateway/everything.ts'
import { call, type Door, stream, toolsOf } from './door-client.ts'
import { type ModelServer, type Step, startModelServer } from './model-server.ts'

const open = new AsyncDisposableStack()
let plane: ControlPlane
let door: Door
let model: ModelServer
let openai: OpenAI

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
  model = open.use(await startModelServer())
  door = await plane.workspace('team')
  await plane.addServer('team', { name: 'everything', command: 'node', args: [EVERYTHING, 'stdio'] })
  openai = new OpenAI({ apiKey: 'not a real one', baseURL: model.url, maxRetries: 0 })
})

afterAll(() => open.disposeAsync())

/** Each step uses what the one before it brought. */
const STEPS: Step[] = [
  () => [
    { name: 'everything__get-sum', args: { a: 2, b: 40 } },
    { name: 'everything__echo', args: { message: 'in parallel' } },
  ],
  ([sum, echo]) => [{ name: 'everything__echo', args: { message: `${sum} ${echo}` } }],
  ([echo]) => [
    { name: 'everything__get-structured-content', args: { location: 'New York' } },
    { name: 'everything__get-tiny-image', args: {} },
    { name: 'everything__echo', args: { message: echo } },
  ],
  ([weather, image, echo]) => `${echo} | ${weather} | ${image?.split('\n').length} lines`,
]
const WEATHER = '{"temperature":33,"conditions":"Cloudy","humidity":82}'
const TOLD = `Echo: Echo: The sum of 2 and 40 is 42. Echo: in parallel | ${WEATHER} | 3 lines`
const MAX_TURNS = 10

async function results(body: object, streaming: boolean): Promise<Record<string, unknown>[]> {
  if (!streaming) return Object.values(await call(door, body))[0] as Record<string, unknown>[]
  const found = []
  for await (const { event, data } of stream(door, body)) if (event === 'result') found.push(data)
  return found
}

async function chatLoop(streaming: boolean): Promise<string | null> {
  const tools = (await toolsOf(door, 'format=chat')) as unknown as ChatCompletionTool[]
  const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Go.' }]
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const body = { model: 'scripted', messages, tools }
    const message = streaming
      ? await openai.chat.completions.stream(body).finalMessage()
      : (await openai.chat.completions.create(body)).choices[0]?.message
    if (message === undefined) throw new Error('The model said nothing.')
    if (message.tool_calls === undefined || message.tool_calls.length === 0) return message.content
    messages.push(message)
    // The casts: the model server holds every message against the published rules.
    messages.push(...((await results({ tool_calls: message.tool_calls }, streaming)) as never[]))
  }
  throw new Error('The loop does not end.')
}

async function responsesLoop(streaming: boolean): Promise<string> {
  const tools = (await toolsOf(door, 'format=responses')) as unknown as FunctionTool[]
  const input: ResponseInputItem[] = [{ role: 'user', content: 'Go.' }]
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const body = { model: 'scripted', input, tools }
    const response = streaming
      ? await openai.responses.stream(body).finalResponse()
      : await openai.responses.create(body)
    const calls = response.output.filter(({ type }) => type === 'function_call')
    if (calls.length === 0) return response.output_text
    input.push(...(calls as ResponseInputItem[]))
    input.push(...((await results({ output: response.output }, streaming)) as never[]))
  }
  throw new Error('The loop does not end.')
}

describe.each([
  ['in one piece', false],
  ['streaming, models and results alike', true],
])('a tool loop of three steps with the SDK of OpenAI, %s', (_, streaming) => {
  it('runs through the workspace in Chat Completions', async () => {
    model.play(STEPS)
    expect(await chatLoop(streaming)).toBe(TOLD)
  })

  it('runs through the workspace in Responses', async () => {
    model.play(STEPS)
    expect(await responsesLoop(streaming)).toBe(TOLD)
  })
})

it('gives an image to a model in Responses as an image', async () => {
  model.play([() => [{ name: 'everything__get-tiny-image', args: {} }], ([result]) => result ?? ''])
  expect(await responsesLoop(false)).toContain('<input_image>')
})

describe("the Responses API's own mcp tool", () => {
  it.each([
    ['the token as its authorization', (token: string) => ({ authorization: token })],
    ['the token in its headers', (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })],
  ])('uses the workspace with %s', async (_, secret) => {
    model.play(STEPS)
    const response = await openai.responses.create({
      model: 'scripted',
      input: 'Go.',
      tools: [
        {
          type: 'mcp',
          server_label: 'team',
          server_url: door.url,
          require_approval: 'never',
          ...secret(door.token),
        },
      ],
    })
    expect(response.output_text).toContain('Echo: Echo: The sum of 2 and 40 is 42. Echo: in parallel')
    const types = response.output.map(({ type }) => type)
    expect(types.filter((type) => type === 'mcp_call')).toHaveLength(6)
    const [listed] = response.output
    const names = listed?.type === 'mcp_list_tools' ? listed.tools.map(({ name }) => name) : []
    expect(names).toContain('everything__echo')
  })

  it('is refused with a token that is none', async () => {
    const tool = {
      type: 'mcp',
      server_label: 'team',
      server_url: door.url,
      require_approval: 'never',
    } as const
    const asked = openai.responses.create({
      model: 'scripted',
      input: 'Go.',
      tools: [{ ...tool, authorization: 'mcpgw_wrong' }],
    })
    await expect(asked).rejects.toThrow(/token/)
  })
})

it('is in the log by door and API, with the server and its own name of the tool', async () => {
  const { items } = await plane.api('GET', '/workspaces/team/audit?kind=call&limit=200')
  const rows = items as Record<string, unknown>[]
  const clients = new Set(rows.map(({ client }) => client))
  expect(clients).toEqual(new Set(['openai/chat', 'openai/responses', 'openai-mcp/1.0.0']))
  expect(rows.find(({ client, tool }) => client === 'openai/chat' && tool === 'get-sum')).toMatchObject({
    server: 'everything',
    shownAs: 'everything__get-sum',
    outcome: 'ok',
    member: 'tester',
  })
})
