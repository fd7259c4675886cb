import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Gateway, openGateway, signIn } from './open-gateway.ts'

let gateway: Gateway
let cookie: string
let count = 0

beforeAll(async () => {
  gateway = await openGateway()
  cookie = await signIn(gateway, (await gateway.issue()).token)
})

afterAll(() => gateway[Symbol.asyncDispose]())

const own = () => gateway.url
const otherPort = () => `http://127.0.0.1:${gateway.port + 1}`
const otherName = () => `http://localhost:${gateway.port}`

type Lines = () => Record<string, string>

/** What a browser says of a page that is not ours. */
const FOREIGN: [what: string, Lines][] = [
  ['another site', () => ({ 'sec-fetch-site': 'cross-site' })],
  [
    'another site that sends no origin',
    () => ({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }),
  ],
  ['another port of this host', () => ({ 'sec-fetch-site': 'same-site', origin: otherPort() })],
  ['another port, by its origin alone', () => ({ origin: otherPort() })],
  ['another name of this machine', () => ({ origin: otherName() })],
  ['the same host and port with TLS', () => ({ origin: own().replace('http:', 'https:') })],
  ['no port', () => ({ origin: 'http://127.0.0.1' })],
  [
    'a page of ours that lies about its origin',
    () => ({ 'sec-fetch-site': 'same-origin', origin: otherPort() }),
  ],
  ['a word that no browser says', () => ({ 'sec-fetch-site': 'same-origin, cross-site' })],
]

/** What leaves it open. A browser that says nothing at all when it writes is none. */
const UNSAID: [what: string, Lines][] = [
  ['nothing', () => ({})],
  ['the person at the browser', () => ({ 'sec-fetch-site': 'none' })],
]

const OURS: [what: string, Lines][] = [
  ['our page', () => ({ 'sec-fetch-site': 'same-origin', origin: own() })],
  ['our page in a browser that knows no Sec-Fetch-Site', () => ({ origin: own() })],
]

const BODIES: [what: string, headers: Record<string, string>, body: (json: string) => string][] = [
  ['JSON', { 'content-type': 'application/json' }, (json) => json],
  ['text', { 'content-type': 'text/plain' }, (json) => json],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, (json) => `${json}=`],
  [
    'a form with files',
    { 'content-type': 'multipart/form-data; boundary=x' },
    (json) => `--x\r\n\r\n${json}\r\n--x--`,
  ],
]

/** Everything that writes, on things of its own; each tells whether something has changed. */
async function writes() {
  const { storage } = gateway.app
  count += 1
  const slug = `new-${count}`
  const doomed = { id: `w-${count}`, slug: `doomed-${count}`, name: 'before', createdAt: 0 }
  await storage.workspaces.create(doomed)
  const token = await gateway.issue({ workspaceId: doomed.id })
  const at = `/api/v1/workspaces/${doomed.slug}`
  return {
    requests: [
      ['POST', '/api/v1/workspaces', JSON.stringify({ slug })],
      ['PATCH', at, JSON.stringify({ name: 'after' })],
      ['PUT', `${at}/servers/none/credential`, JSON.stringify({ values: { TOKEN: 'a secret' } })],
      ['DELETE', `${at}/tokens/${token.id}`, ''],
      ['POST', `${at}/tokens/${token.id}/rotate`, ''],
      ['DELETE', at, ''],
      ['DELETE', '/api/v1/session', ''],
    ] as const,
    async nothingChanged() {
      expect(await storage.workspaces.bySlug(slug)).toBeUndefined()
      expect(await storage.workspaces.bySlug(doomed.slug)).toEqual(doomed)
      expect((await storage.tokens.byId(token.id))?.revokedAt).toBeUndefined()
      expect(await storage.audit.head(doomed.id)).toMatchObject({ seq: 0 })
      const headers = { cookie, 'sec-fetch-site': 'same-origin' }
      expect((await gateway.ask('GET', '/api/v1/whoami', { headers })).status).toBe(200)
    },
  }
}

describe('[W2] what a signed-in browser is made to send', () => {
  it.each([...FOREIGN, ...UNSAID])(
    'changes nothing when it comes from %s, whatever it sends',
    async (_what, lines) => {
      const { requests, nothingChanged } = await writes()
      for (const [method, path, json] of requests)
        for (const [, type, write] of BODIES) {
          const body = json === '' ? {} : { body: write(json) }
          const sent = { headers: { cookie, ...lines(), ...(json === '' ? {} : type) }, ...body }
          const { status, body: problem } = await gateway.ask(method, path, sent)
          expect([method, path, status]).toEqual([method, path, 403])
          // The front door has no page of ours to speak to.
          if (problem.jsonrpc === undefined)
            expect(problem).toMatchObject({ code: 'forbidden', fix: expect.any(String) })
        }
      await nothingChanged()
    },
  )

  it.each(OURS)(
    'changes what it should when it comes from %s, and says that it is JSON',
    async (_what, lines) => {
      const { requests } = await writes()
      const [create, rename] = requests
      for (const [method, path, json] of [create, rename])
        for (const [what, type, write] of BODIES.toReversed()) {
          const { status } = await gateway.ask(method, path, {
            headers: { cookie, ...lines(), ...type },
            body: write(json),
          })
          const done = method === 'POST' ? 201 : 200
          expect([method, what, status]).toEqual([method, what, what === 'JSON' ? done : 415])
        }
    },
  )

  it('reads nothing for another page, and what the person asks for', async () => {
    const statusOf = async (lines: Lines) =>
      (await gateway.ask('GET', '/api/v1/whoami', { headers: { cookie, ...lines() } })).status
    for (const [what, lines] of FOREIGN) expect([what, await statusOf(lines)]).toEqual([what, 403])
    for (const [what, lines] of [...UNSAID, ...OURS])
      expect([what, await statusOf(lines)]).toEqual([what, 200])
  })

  it('signs nobody in from another page, as somebody of its choice', async () => {
    const { token } = await gateway.issue()
    for (const [what, lines] of FOREIGN) {
      const answer = await gateway.ask('POST', '/api/v1/session', { json: { token }, headers: lines() })
      expect([what, answer.status, answer.headers.getSetCookie()]).toEqual([what, 403, []])
    }
  })

  it('asks nothing of the kind of a program with a token', async () => {
    const { token } = await gateway.issue()
    const headers = { authorization: `Bearer ${token}`, 'sec-fetch-site': 'cross-site' }
    count += 1
    const answer = await gateway.ask('POST', '/api/v1/workspaces', {
      json: { slug: `new-${count}` },
      headers,
    })
    expect(answer.status).toBe(201)
  })
})

describe('[W2] behind a proxy with TLS', () => {
  it('our page is that of the public URL, also where the proxy names us otherwise', async () => {
    const publicUrl = 'https://gateway.example'
    await using publicly = await openGateway({ settings: { publicUrl } })
    const mine = await signIn(publicly, (await publicly.issue()).token)
    const create = async (origin: string) => {
      count += 1
      const headers = { cookie: mine, origin }
      const json = { slug: `w-${count}` }
      return (await publicly.ask('POST', '/api/v1/workspaces', { json, headers })).status
    }
    expect(await create(publicUrl)).toBe(201)
    expect(await create(publicly.url)).toBe(201)
    expect(await create('http://gateway.example')).toBe(403)
    expect(await create('https://gateway.example:8443')).toBe(403)
  })
})
