import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFixture } from '../conformance/start-fixture.ts'
import { ControlPlane } from '../control-plane.ts'
import { call, chatCall, DIALECTS, type Door, toolsOf } from './door-client.ts'
import { chatTools, responsesTools } from './published-rules.ts'
import { sampleArguments } from './sample-arguments.ts'

const folder = mkdtempSync(join(tmpdir(), 'mcpgw-tools-'))
const file = join(folder, 'note.txt')

/** Real servers that need no credential. One more is one more line here. */
const HOSTED: { name: string; package: string; args?: string[]; env?: Record<string, string> }[] = [
  { name: 'everything', package: '@modelcontextprotocol/server-everything' },
  { name: 'files', package: '@modelcontextprotocol/server-filesystem', args: [folder] },
  {
    name: 'memory',
    package: '@modelcontextprotocol/server-memory',
    env: { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') },
  },
  { name: 'time', package: 'time-mcp' },
]
/** Of these names, arguments get something that exists. */
const SAMPLES: Record<string, unknown> = {
  path: file,
  paths: [file],
  source: file,
  destination: join(folder, 'moved.txt'),
  timezone: 'Europe/Oslo',
  location: 'New York',
}

const open = new AsyncDisposableStack()
let plane: ControlPlane
let door: Door
let tools: FunctionTool[] = []

interface FunctionTool {
  name: string
  parameters: Schema
}
type Schema = Record<string, unknown>

beforeAll(async () => {
  writeFileSync(file, 'hello')
  open.defer(() => rmSync(folder, { recursive: true, force: true }))
  plane = open.use(await ControlPlane.start())
  door = await plane.workspace('team')
  const fixtures = await Promise.all([startFixture('modern'), startFixture('legacy')])
  for (const fixture of fixtures) open.use(fixture)
  await Promise.all([
    ...HOSTED.map(({ name, package: id, args = [], env = {} }) =>
      plane.addServer('team', { name, command: 'node', args: [programOf(id), ...args], env }),
    ),
    plane.addServer('team', { name: 'modern', url: fixtures[0]?.url }),
    plane.addServer('team', { name: 'legacy', url: fixtures[1]?.url }),
  ])
  tools = (await toolsOf(door, 'format=responses')) as unknown as FunctionTool[]
})

afterAll(() => open.disposeAsync())

function programOf(id: string): string {
  return resolve(import.meta.dirname, '../../node_modules', id, 'dist/index.js')
}

const contents = async (asked: unknown[]) => {
  const { messages } = await call(door, { tool_calls: asked })
  return DIALECTS.chat.read({ messages }).map(({ text, isError }) => ({ text, isError }))
}

/** One after the other: a question of a server on stdio could be meant for either of two calls. */
async function callEach(own: FunctionTool[]): Promise<void> {
  for (const { name, parameters } of own) {
    const [result] = await contents([chatCall('call_1', name, sampleArguments(parameters, SAMPLES))])
    expect([name, result?.text]).not.toEqual([name, expect.stringMatching(/^Unknown tool|not JSON|^$/)])
  }
}

describe('every tool of real servers and of both conformance fixtures', () => {
  it('is a function that the published rules allow', async () => {
    expect(tools.length).toBeGreaterThan(80)
    expect(responsesTools.safeParse(tools.slice(0, 128)).error).toBeUndefined()
    const chat = await toolsOf(door, 'format=chat')
    expect(chatTools.safeParse(chat).error).toBeUndefined()
    expect(new Set(tools.map(({ name }) => name)).size).toBe(tools.length)
  })

  it('is called by its name, and its row names the server and the tool it stands for', async () => {
    const servers = Object.values(Object.groupBy(tools, ({ name }) => name.split('__')[0] ?? ''))
    await Promise.all(servers.map((own = []) => callEach(own)))
    const { items } = await plane.api('GET', '/workspaces/team/audit?kind=call&limit=200')
    const rows = items as { shownAs: string; server: string; tool: string; outcome: string }[]
    const own = rows.map(({ shownAs, server, tool }) => [shownAs, `${server}__${tool}`])
    expect(own.toSorted()).toEqual(tools.map(({ name }) => [name, name]).toSorted())
    const failed = rows.filter(({ outcome }) => !['ok', 'tool_error', 'protocol_error'].includes(outcome))
    expect(failed).toEqual([])
    expect(rows.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThan(tools.length / 2)
  })

  it('tells a model that leaves out what it must say', async () => {
    // The legacy fixture takes whatever comes: it is written to answer, not to check.
    const strict = tools.filter(
      ({ name, parameters: { required } }) =>
        Array.isArray(required) && required.length > 0 && !name.startsWith('legacy__'),
    )
    expect(strict.length).toBeGreaterThan(20)
    const wrong: string[] = []
    for (const { name } of strict) {
      const [result] = await contents([chatCall('call_1', name, {})])
      if (!result?.isError || result.text.length < 10) wrong.push(`${name}: ${result?.text}`)
    }
    expect(wrong).toEqual([])
  })
})

it('gives the content of the fixture in the form that each API takes', async () => {
  const asked = [{ id: 'call_1', name: 'modern__test_multiple_content_types', args: {} }]
  const read = async (format: keyof typeof DIALECTS) => call(door, DIALECTS[format].body(asked))
  const image = expect.stringMatching(/^iVBOR/)
  const url = expect.stringMatching(/^data:image\/png;base64,iVBOR/)
  const resource = 'Resource test://mixed-content-resource:\n{"test":"data","value":123}'
  expect(await read('chat')).toEqual({
    messages: [
      {
        role: 'tool',
        tool_call_id: 'call_1',
        content: `Three kinds of content:\n[image of type image/png: not in this message]\n${resource}`,
      },
    ],
  })
  expect(await read('responses')).toEqual({
    input: [
      {
        type: 'function_call_output',
        call_id: 'call_1',
        output: [
          { type: 'input_text', text: 'Three kinds of content:' },
          { type: 'input_image', image_url: url, detail: 'auto' },
          { type: 'input_text', text: resource },
        ],
      },
    ],
  })
  expect(await read('anthropic')).toEqual({
    role: 'user',
    content: [
      {
        type: 'tool_result',
        tool_use_id: 'call_1',
        content: [
          { type: 'text', text: 'Three kinds of content:' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } },
          { type: 'text', text: resource },
        ],
      },
    ],
  })
  expect(await read('gemini')).toMatchObject({
    role: 'user',
    parts: [
      { functionResponse: { id: 'call_1', parts: [{ inlineData: { mimeType: 'image/png', data: image } }] } },
    ],
  })
  const { messages } = await call(door, DIALECTS.chat.body(asked), '?images=message')
  expect((messages as unknown[]).slice(1)).toMatchObject([
    { role: 'user', content: [{ type: 'text' }, { type: 'image_url', image_url: { url } }] },
  ])
})
