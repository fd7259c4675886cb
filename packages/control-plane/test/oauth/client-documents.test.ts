import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { codeRequest, encode, makePkce } from './client.ts'
import { hasOpenssl, publishDocuments } from './client-documents.ts'
import { LoginProvider, logIn, openPage, SDKS } from './sdk-login.ts'

const REDIRECT = 'http://localhost:9/callback'

// Skipped without openssl, which makes the certificate of the hosts that tell of programs.
describe.skipIf(!hasOpenssl)('a program whose id is the address of a document about it', () => {
  const open = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-documents-'))
  let documents: Awaited<ReturnType<typeof publishDocuments>>
  let plane: ControlPlane
  let eng: { url: string; token: string }

  beforeAll(async () => {
    documents = open.use(await publishDocuments(folder))
    plane = open.use(await ControlPlane.start({ env: { NODE_EXTRA_CA_CERTS: documents.authority } }))
    eng = await plane.workspace('eng')
    const echo = resolve(import.meta.dirname, '../servers/crash-mid-call-stdio.ts')
    await plane.addServer('eng', { name: 'shaky', command: process.execPath, args: [echo] })
  }, 30_000)
  afterAll(async () => {
    await open.disposeAsync()
    rmSync(folder, { recursive: true, force: true })
  }, 15_000)

  const ask = (clientId: string) => {
    const request = codeRequest(eng.url, REDIRECT, makePkce().challenge)
    return openPage(`${plane.url}/oauth/authorize?${encode({ ...request, client_id: clientId })}`)
  }

  it.each(['legacy', 'modern'] as const)(
    'logs in with the %s SDK, and the page says whose it is',
    async (sdk) => {
      const id = `https://${documents.host}/${sdk}/client.json`
      documents.publish(`/${sdk}/client.json`, {
        client_id: id,
        client_name: 'Busy',
        redirect_uris: [REDIRECT],
      })
      const provider = new LoginProvider(REDIRECT, id)
      const { page } = await logIn(sdk, eng.url, provider, eng.token)
      expect(provider.client?.client_id).toBe(id)
      expect(page.text).toMatch(new RegExp(`Published by[\\s\\S]*${documents.host}`))
      expect(await SDKS[sdk].tools(SDKS[sdk].open(eng.url, provider))).toContain('shaky__echo')
    },
  )

  it.each([
    ['names another id', (id: string) => ({ client_id: `${id}x`, redirect_uris: [REDIRECT] })],
    ['names no redirect', (id: string) => ({ client_id: id })],
    [
      'names another redirect',
      (id: string) => ({ client_id: id, redirect_uris: ['https://client.example/'] }),
    ],
    ['is no JSON', () => 'client'],
    [
      'is too large',
      (id: string) => ({ client_id: id, redirect_uris: [REDIRECT], logo: 'x'.repeat(70_000) }),
    ],
  ])('is refused when that %s', async (name, document) => {
    const path = `/${name.replaceAll(' ', '-')}.json`
    const id = `https://${documents.host}${path}`
    documents.publish(path, document(id))
    const page = await ask(id)
    expect(page.status).toBeGreaterThanOrEqual(400)
    expect(page.text).not.toContain('name="proof"')
  })

  it('is asked about once in a while, not with every request', async () => {
    const id = `https://${documents.host}/often.json`
    documents.publish('/often.json', { client_id: id, redirect_uris: [REDIRECT] })
    for (let times = 0; times < 3; times++) expect((await ask(id)).status).toBe(200)
    expect(documents.asked.filter((path) => path === '/often.json')).toHaveLength(1)
  })

  it('is not looked for by whoever has named too many that are none', async () => {
    const statuses = []
    for (let count = 0; count < 25; count++)
      statuses.push((await ask(`https://${documents.host}/none/${count}.json`)).status)
    expect(statuses).toContain(429)
    expect(documents.asked.filter((path) => path.startsWith('/none/')).length).toBeLessThanOrEqual(20)
  })
})
