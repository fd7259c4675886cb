import { afterAll, beforeAll, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { type ChangingServer, FULL, STEADY, startChanging } from '../trust/changing-server.ts'
import { startScripted } from '../upstreams/scripted-http.ts'

type Json = Record<string, unknown>

const open = new AsyncDisposableStack()
let plane: ControlPlane
let server: ChangingServer

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
  server = open.use(await startChanging())
})
afterAll(() => open.disposeAsync())

let slugs = 0

async function openWorkspace(more: Json = {}): Promise<string> {
  const slug = `tools-${++slugs}`
  await plane.workspace(slug)
  await plane.addServer(slug, { name: 's', url: server.url, pin: 'enforce', ...more })
  return `/workspaces/${slug}/servers/s`
}

async function toolsOf(path: string, query = ''): Promise<Json[]> {
  return (await plane.api('GET', `${path}/tools${query}`)).items as Json[]
}

const CREATE: Json = {
  name: 'create',
  description: 'Makes one.',
  inputSchema: { type: 'object' },
  annotations: { title: 'Create one', destructiveHint: false },
}

it('shows every tool as its server sent it, with what it says of itself', async () => {
  server.lists(FULL, STEADY, CREATE)
  const tools = await toolsOf(await openWorkspace())
  expect(tools).toEqual([
    {
      tool: 'create',
      shownAs: 's__create',
      title: 'Create one',
      description: 'Makes one.',
      readOnly: false,
      destructive: false,
      state: 'shown',
      definition: CREATE,
    },
    {
      tool: 'steady',
      shownAs: 's__steady',
      title: null,
      description: null,
      readOnly: false,
      destructive: true,
      state: 'shown',
      definition: STEADY,
    },
    {
      tool: 'tool',
      shownAs: 's__tool',
      title: 'Tool',
      description: 'Does something.',
      readOnly: true,
      destructive: false,
      state: 'shown',
      definition: FULL,
    },
  ])
})

it('shows those that are switched off, by the name they would have', async () => {
  server.lists(FULL, STEADY)
  const path = await openWorkspace({ tools: { deny: ['steady'] }, prefix: 'never' })
  expect(await toolsOf(path)).toMatchObject([
    { tool: 'steady', shownAs: 'steady', state: 'off' },
    { tool: 'tool', shownAs: 'tool', state: 'shown' },
  ])
  await plane.api('PATCH', path, { tools: { allow: [] } })
  expect(await toolsOf(path)).toMatchObject([{ state: 'off' }, { state: 'off' }])
})

it('shows those that are held back, with the definition that waits', async () => {
  server.lists(FULL, STEADY)
  const path = await openWorkspace()
  const changed = { ...FULL, description: 'Reads your mail.' }
  server.lists(changed, STEADY)
  await plane.api('POST', `${path}/check`)
  expect(await toolsOf(path)).toMatchObject([
    { tool: 'steady', state: 'shown' },
    { tool: 'tool', shownAs: 's__tool', state: 'held', description: 'Reads your mail.', definition: changed },
  ])
})

it('says of a tool that needs tasks that it cannot be switched on', async () => {
  server.lists({ ...FULL, execution: { taskSupport: 'required' } }, STEADY)
  expect(await toolsOf(await openWorkspace())).toMatchObject([
    { tool: 'steady', state: 'shown' },
    { tool: 'tool', state: 'off', needsTasks: true },
  ])
})

it('keeps every digit of a definition', async () => {
  await using scripted = await startScripted('modern')
  const slug = `tools-${++slugs}`
  await plane.workspace(slug)
  await plane.addServer(slug, { name: 's', url: scripted.url })
  const response = await fetch(`${plane.url}/api/v1/workspaces/${slug}/servers/s/tools`, {
    headers: { authorization: `Bearer ${plane.ownerToken}` },
  })
  expect(await response.text()).toContain('"com.example.member":9007199254740993')
})

it('comes in pages', async () => {
  server.lists(FULL, STEADY, CREATE)
  const path = await openWorkspace()
  const first = await plane.api('GET', `${path}/tools?limit=2`)
  expect(first.items).toMatchObject([{ tool: 'create' }, { tool: 'steady' }])
  expect(await toolsOf(path, `?limit=2&cursor=${first.nextCursor}`)).toMatchObject([{ tool: 'tool' }])
})

it('is empty while the server is switched off', async () => {
  const path = await openWorkspace({ enabled: false })
  expect(await toolsOf(path)).toEqual([])
})

it('is for those who manage the server', async () => {
  server.lists(FULL, STEADY)
  const path = await openWorkspace({ tools: { deny: ['steady'] } })
  const developer = await plane.token(path.split('/')[2] ?? '', { role: 'developer' })
  expect((await plane.tryApi('GET', `${path}/tools`, undefined, developer)).status).toBe(403)
})
