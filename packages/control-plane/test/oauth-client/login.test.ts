import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { startAuthorizationServer, type TestAuthorizationServer } from './authorization-server.ts'
import { startProtectedServer, type TestProtectedServer } from './protected-server.ts'
import { TeamWorkspace } from './team-workspace.ts'

let plane: ControlPlane
let authorization: TestAuthorizationServer
let server: TestProtectedServer
let team: TeamWorkspace

beforeAll(async () => {
  authorization = await startAuthorizationServer()
  server = await startProtectedServer(authorization)
  plane = await ControlPlane.start()
  team = await TeamWorkspace.open(plane)
})

afterAll(async () => {
  await plane[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await authorization[Symbol.asyncDispose]()
})

describe('a server that wants a login', () => {
  it('says so when it is added without one, and how to add it', async () => {
    const checked = await plane.addServer('team', { name: 'plain', url: server.url })
    expect(checked).toMatchObject({ status: 'failing', error: { code: 'upstream_refused' } })
    expect(checked.error).toMatchObject({ fix: expect.stringContaining('"oauth": {"client": "dynamic"}') })
  })

  it('is logged in to by whoever manages it, and then answers', async () => {
    await team.add('notes', server.url)
    expect(await team.show('notes')).toMatchObject({ status: 'needs_login', oauth: { login: 'none' } })
    const page = await team.logIn('notes')
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('Logged in to notes')
    await expect
      .poll(() => team.show('notes'))
      .toMatchObject({
        status: 'ready',
        tools: 2,
        oauth: { client: 'dynamic', login: 'active' },
      })
    expect(await team.call('notes__hello')).toContain('hello')
  })
})
