import { describe, expect, it } from 'vitest'
import { ROUTES } from '../../src/http/admin/routes.ts'
import { type Caller, openInstallation } from './installation.ts'

const CANARY = 'canary-1f0b6c2d9e8a7b65'
const CREDENTIAL = '/workspaces/acme/servers/notes/credential'

describe('credentials', () => {
  it('answer with names, version and date, and replace each other', async () => {
    await using gateway = await openInstallation()
    await addNotes(gateway)
    const first = await gateway.ask('admin', 'PUT', CREDENTIAL, { values: { A: CANARY, B: CANARY } })
    expect(first.body).toEqual({ names: ['A', 'B'], version: 1, updatedAt: '2026-01-31T12:00:00.000Z' })
    const second = await gateway.ask('admin', 'PUT', CREDENTIAL, { values: { C: CANARY } })
    expect(second.body).toMatchObject({ names: ['C'], version: 2 })
    expect((await gateway.ask('admin', 'GET', CREDENTIAL)).body).toEqual(second.body)
    expect((await gateway.ask('developer', 'GET', CREDENTIAL)).body).toEqual({ set: true })
  })

  it('that are too short to be kept out of answers are taken with a warning that names them', async () => {
    await using gateway = await openInstallation()
    await addNotes(gateway)
    const { status, body } = await gateway.ask('admin', 'PUT', CREDENTIAL, {
      values: { PIN: '1234567', TOKEN: CANARY },
    })
    expect(status).toBe(200)
    expect(body.warning).toMatch(/^PIN: shorter than 8 characters/)
    expect(body.warning).not.toContain('1234567')
  })

  it('are removed as often as one likes', async () => {
    await using gateway = await openInstallation()
    await addNotes(gateway)
    await gateway.ask('admin', 'PUT', CREDENTIAL, { values: { A: CANARY } })
    expect((await gateway.ask('admin', 'DELETE', CREDENTIAL)).status).toBe(204)
    expect((await gateway.ask('admin', 'DELETE', CREDENTIAL)).status).toBe(204)
    expect((await gateway.ask('admin', 'GET', CREDENTIAL)).body).toEqual({
      names: [],
      version: null,
      updatedAt: null,
    })
  })

  it.each([
    ['a value that is no text', { values: { A: 7, B: CANARY } }],
    ['an unknown field', { values: { A: CANARY }, secret: CANARY }],
    ['a value in the place of the values', { values: CANARY }],
    ['a name that is none', { values: { 'not a name': CANARY } }],
    ['an empty value', { values: { A: '', B: CANARY } }],
  ])('are refused with %s, without repeating a value', async (_what, body) => {
    await using gateway = await openInstallation()
    await addNotes(gateway)
    const refused = await gateway.ask('admin', 'PUT', CREDENTIAL, body)
    expect(refused.status).toBe(400)
    expect(refused.text).not.toContain(CANARY)
  })

  it('[V8] appear in no answer of any route to anyone, and not in the log', async () => {
    await using gateway = await openInstallation()
    await addNotes(gateway)
    await gateway.ask('admin', 'PUT', CREDENTIAL, { values: { TOKEN: CANARY } })
    const { owner, admin, developer } = gateway.secrets
    const hashes = await Promise.all(
      ['t-olga', 't-ada', 't-dev'].map(async (id) => (await gateway.storage.tokens.byId(id))?.hash ?? ''),
    )
    let seen = ''
    for (const { method, path } of ROUTES.filter(
      (route) => route.method === 'GET' && route.sends !== 'events',
    )) {
      for (const caller of ['owner', 'admin', 'developer', 'readonly'] satisfies Caller[]) {
        const answer = await gateway.ask(
          caller,
          method,
          path.replace(':workspace', 'acme').replace(':server', 'notes'),
        )
        seen += answer.text + JSON.stringify([...answer.headers])
      }
    }
    expect(seen).toContain('TOKEN')
    for (const secret of [CANARY, owner, admin, developer, ...hashes]) expect(seen).not.toContain(secret)
  })
})

async function addNotes({ ask }: Awaited<ReturnType<typeof openInstallation>>): Promise<void> {
  const headers = { Authorization: 'Bearer {{TOKEN}}' }
  await ask('admin', 'POST', '/workspaces/acme/servers', {
    name: 'notes',
    url: 'https://mcp.example.com/',
    headers,
  })
}
