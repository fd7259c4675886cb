import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { canServeNames, type NameServer, openNameServer } from './name-server.ts'
import { openSink, type Sink } from './sink.ts'

/** Every way to write an address that is not of the Internet; `PORT` is a sink's that listens on all of this machine. */
const FORMS = [
  // This machine, as a URL parser reads it.
  'http://127.0.0.1:PORT/mcp',
  'http://127.1:PORT/mcp',
  'http://127.0.1:PORT/mcp',
  'http://2130706433:PORT/mcp',
  'http://0x7f000001:PORT/mcp',
  'http://0x7f.1:PORT/mcp',
  'http://0x7F.0x0.0x0.0x1:PORT/mcp',
  'http://017700000001:PORT/mcp',
  'http://0177.0.0.1:PORT/mcp',
  'http://0177.0x0.0.1:PORT/mcp',
  'http://127.255.255.254:PORT/mcp',
  'http://127.0.0.1.:PORT/mcp',
  'http://%31%32%37.0.0.1:PORT/mcp',
  'http://127。0。0。1:PORT/mcp',
  'http://127．0．0．1:PORT/mcp',
  'http://①②⑦.⓪.⓪.①:PORT/mcp',
  'http://１２７.0.0.1:PORT/mcp',
  'http://0.0.0.0:PORT/mcp',
  'http://0:PORT/mcp',
  'http:127.0.0.1:PORT/mcp',
  'http:\\\\127.0.0.1:PORT\\mcp',
  ' http://127.0.0.1:PORT/mcp',
  'http://127.0.0.\t1:PORT/mcp',
  'http://[::1]:PORT/mcp',
  'http://[::]:PORT/mcp',
  'http://[0:0:0:0:0:0:0:1]:PORT/mcp',
  'http://[::ffff:127.0.0.1]:PORT/mcp',
  'http://[::ffff:7f00:1]:PORT/mcp',
  'http://[::127.0.0.1]:PORT/mcp',
  'http://[::ffff:0:127.0.0.1]:PORT/mcp',
  'http://[64:ff9b::127.0.0.1]:PORT/mcp',
  'http://[64:ff9b:1::7f00:1]:PORT/mcp',
  'http://[2002:7f00:1::]:PORT/mcp',
  'http://[2001:0:7f00:1::80ff:fffe]:PORT/mcp',
  // This machine and its network, by name.
  'http://localhost:PORT/mcp',
  'http://LOCALHOST.:PORT/mcp',
  'http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT/mcp',
  'http://anything.localhost:PORT/mcp',
  'http://db.corp.internal:PORT/mcp',
  'http://printer.local:PORT/mcp',
  'http://router.home.arpa:PORT/mcp',
  // Private, shared, link-local, reserved.
  'http://10.0.0.1/mcp',
  'http://012.0.0.1/mcp',
  'http://100.64.0.1/mcp',
  'http://100.127.255.255/mcp',
  'http://169.254.0.1/mcp',
  'http://172.16.0.1/mcp',
  'http://172.31.255.255/mcp',
  'http://192.168.0.1/mcp',
  'http://192.168.257/mcp',
  'http://3232235777/mcp',
  'http://192.0.2.2/mcp',
  'http://198.18.0.1/mcp',
  'http://224.0.0.1/mcp',
  'http://255.255.255.255/mcp',
  'http://[fc00::1]/mcp',
  'http://[fd00::2]/mcp',
  'http://[fe80::1]/mcp',
  'http://[fec0::1]/mcp',
  'http://[ff02::1]/mcp',
  'http://[64:ff9b::a00:1]/mcp',
  'http://[2002:c0a8:101::1]/mcp',
  // Where clouds hand out credentials: AWS, its containers, Azure, Google, Alibaba, Oracle, Tencent, Scaleway.
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/latest/meta-data/',
  'http://0xa9fea9fe/latest/meta-data/',
  'http://[::ffff:a9fe:a9fe]/latest/meta-data/',
  'http://[fd00:ec2::254]/latest/meta-data/',
  'http://169.254.170.2/v2/credentials',
  'http://169.254.170.23/v1/credentials',
  'http://168.63.129.16/metadata/instance',
  'http://metadata.google.internal/computeMetadata/v1/',
  'http://metadata/computeMetadata/v1/',
  'http://[fd20:ce::254]/computeMetadata/v1/',
  'http://100.100.100.200/latest/meta-data/',
  'http://192.0.0.192/opc/v2/instance/',
  'http://169.254.0.23/latest/meta-data/',
  'http://169.254.42.42/conf',
]

/** Refused for their form alone, whatever they lead to. */
const MALFORMED = [
  'http://user:pass@127.0.0.1:PORT/mcp',
  'http://public.example@127.0.0.1:PORT/mcp',
  'http://[fe80::1%25eth0]:PORT/mcp',
  'http://[fe80::1%eth0]:PORT/mcp',
  'http://127.0.0.1%2f@public.example:PORT/',
  'file:///etc/passwd',
  'gopher://127.0.0.1:PORT/',
]

let sink: Sink
let plane: ControlPlane
const sent = (form: string) => form.replaceAll('PORT', String(sink.port))

interface Refusal {
  code: string
  detail: string
  fix?: string
}

async function save(on: ControlPlane, server: Record<string, unknown>): Promise<Refusal | 'saved'> {
  const { status, body } = await on.tryApi('POST', '/workspaces/team/servers', server)
  if (status < 300) return 'saved'
  expect(status).toBe(400)
  // The admin API's problems have these members.
  return body as unknown as Refusal
}

beforeAll(async () => {
  sink = await openSink()
  plane = await ControlPlane.start({ allowUpstreams: [] })
  await plane.workspace('team')
})

afterAll(async () => {
  await plane?.[Symbol.asyncDispose]()
  await sink?.[Symbol.asyncDispose]()
})

describe('[M7] an address that is not of the Internet', () => {
  it('is no server that can be saved, however it is written', async () => {
    expect(FORMS.length + MALFORMED.length).toBeGreaterThanOrEqual(60)
    const accepted: string[] = []
    for (const [index, form] of [...FORMS, ...MALFORMED].entries()) {
      const refusal = await save(plane, { name: `s${index}`, url: sent(form) })
      if (refusal === 'saved' || refusal.code !== 'invalid_request') accepted.push(form)
    }
    expect(accepted).toEqual([])
    expect(sink.connections).toBe(0)
  })

  it('is not connected to where it is stored already, neither at the start nor when a person asks', async () => {
    const names = FORMS.map((_, index) => `stored-${index}`)
    for (const name of names) await save(plane, { name, url: 'http://1.1.1.1/', enabled: false })
    await plane.kill()
    storeTargets(plane.dataDir, new Map(names.map((name, index) => [name, sent(FORMS[index] ?? '')])))
    await plane.start()
    const reached: unknown[] = []
    for (const [index, name] of names.entries()) {
      const path = `/workspaces/team/servers/${name}`
      await plane.api('PATCH', path, { enabled: true })
      const checked = await plane.api('POST', `${path}/check`)
      const refused = { status: 'failing', error: { code: 'invalid_request' } }
      if (!contains(checked, refused)) reached.push([FORMS[index], checked])
    }
    expect(reached).toEqual([])
    expect(sink.connections).toBe(0)
  })

  it('[M8] is refused in one form of words, and at once, whatever is there', async () => {
    // Something that listens, nothing that listens, somebody else's host, and hosts that answer nothing.
    const hosts = [
      `127.0.0.1:${sink.port}`,
      '127.0.0.1:1',
      '192.0.2.2:80',
      '10.255.255.1:80',
      '[fd00::dead]:80',
    ]
    const told = new Set<string>()
    const times: number[] = []
    for (const [index, host] of hosts.entries()) {
      const name = `oracle-${index}`
      await save(plane, { name, url: 'http://1.1.1.1/', enabled: false })
      const startedAt = performance.now()
      const refusal = await save(plane, { name: `new-${index}`, url: `http://${host}/` })
      times.push(performance.now() - startedAt)
      told.add(JSON.stringify(refusal).replace(host.replace(/:\d+$/, ''), 'HOST'))
    }
    expect([...told]).toHaveLength(1)
    expect(Math.max(...times) - Math.min(...times)).toBeLessThan(100)
    const stored = new Map(hosts.map((host, index) => [`oracle-${index}`, `http://${host}/`]))
    await plane.kill()
    storeTargets(plane.dataDir, stored)
    await plane.start()
    const onConnect = new Set<string>()
    const connectTimes: number[] = []
    for (const [name, url] of stored) {
      await plane.api('PATCH', `/workspaces/team/servers/${name}`, { enabled: true })
      const startedAt = performance.now()
      const { error } = await plane.api('POST', `/workspaces/team/servers/${name}/check`)
      connectTimes.push(performance.now() - startedAt)
      onConnect.add(JSON.stringify(error).replace(new URL(url).hostname, 'HOST'))
    }
    expect([...onConnect]).toHaveLength(1)
    expect(Math.max(...connectTimes) - Math.min(...connectTimes)).toBeLessThan(100)
    expect(sink.connections).toBe(0)
  })

  it('is allowed by its range, while what hands out credentials stays refused', async () => {
    await using open = await ControlPlane.start({ allowUpstreams: ['0.0.0.0/0', '::/0'] })
    await open.workspace('team')
    const add = (name: string, url: string) => save(open, { name, url, enabled: false })
    for (const [index, host] of [
      '10.1.2.3',
      '192.168.1.1',
      '[fd00::1]',
      '127.0.0.1:1',
      'localhost:1',
    ].entries())
      expect(await add(`in-${index}`, `http://${host}/`), host).toBe('saved')
    const metadata = FORMS.slice(FORMS.indexOf('http://169.254.169.254/latest/meta-data/'))
    const accepted = []
    for (const [index, url] of metadata.entries())
      if ((await add(`meta-${index}`, url)) === 'saved') accepted.push(url)
    expect(accepted).toEqual([])
  })

  it.each(['172.15.255.254', '172.32.0.1', '100.63.255.255', '100.128.0.1', '11.0.0.1'])(
    'is not taken for its neighbour %s, which can be saved',
    async (host) => {
      const name = `near-${host.replaceAll('.', '-')}`
      expect(await save(plane, { name, url: `http://${host}/mcp`, enabled: false })).toBe('saved')
    },
  )
})

/** What a database would hold that somebody else wrote into, or that is from before the guard knew the form. */
function storeTargets(dataDir: string, urls: ReadonlyMap<string, string>): void {
  using database = new DatabaseSync(join(dataDir, 'mcpgw.db'), { timeout: 5_000 })
  const change = database.prepare('update servers set target = ? where name = ?')
  for (const [name, url] of urls) {
    const { changes } = change.run(
      JSON.stringify({ kind: 'remote', url, transport: 'auto', headers: {} }),
      name,
    )
    expect(changes).toBe(1)
  }
}

function contains(
  value: Record<string, unknown>,
  part: { status: string; error: { code: string } },
): boolean {
  // A server's description has an error of this kind, or none.
  const error = value.error as { code?: string } | undefined
  return value.status === part.status && error?.code === part.error.code
}

// It needs port 53 and a mount namespace, which only root has.
describe.skipIf(!canServeNames)('[M7] a name (skipped where only root may serve names)', () => {
  let names: NameServer
  let asking: ControlPlane

  beforeAll(async () => {
    names = await openNameServer()
    asking = await ControlPlane.start({ allowUpstreams: [], launcher: names.through })
    await asking.workspace('team')
  })

  afterAll(async () => {
    await asking?.[Symbol.asyncDispose]()
    await names?.[Symbol.asyncDispose]()
  })

  const PUBLIC = '93.184.216.34'
  const LEADING_HERE = {
    'private A record': { a: ['127.0.0.1'] },
    'metadata A record': { a: ['169.254.169.254'] },
    'one public and one private A record': { a: [PUBLIC, '127.0.0.1'] },
    'a public A and a private AAAA record': { a: [PUBLIC], aaaa: ['0:0:0:0:0:0:0:1'] },
    'nothing but a private AAAA record': { aaaa: ['fd00:0:0:0:0:0:0:2'] },
    'an AAAA record that wraps IPv4': { aaaa: ['0:0:0:0:0:ffff:7f00:1'] },
    'an AAAA record behind NAT64': { aaaa: ['64:ff9b:0:0:0:0:a00:1'] },
    'a CNAME that ends at home': { cname: 'inside.example', a: ['10.0.0.1'] },
  }

  it.each(Object.entries(LEADING_HERE))('with %s is refused when it is saved', async (what, answer) => {
    const host = `${what.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.example`
    names.names.set(host, answer)
    const refusal = await save(asking, { name: 'inside', url: `http://${host}:${sink.port}/mcp` })
    expect(refusal).toMatchObject({ code: 'invalid_request' })
    expect((refusal as Refusal).detail).toBe(
      `The host "${host}" leads to a private, local or reserved address.`,
    )
    expect(names.asked.get(host)).toBeGreaterThan(0)
  })

  it.each(Object.entries(LEADING_HERE))(
    'that was public when it was saved and then got %s is refused at the connection, again and again',
    async (what, answer) => {
      const slug = what
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '-')
        .slice(0, 25)
        .replace(/-$/, '')
      const host = `rebound-${slug}.example`
      names.names.set(host, { a: [PUBLIC] })
      const name = `r-${slug}`
      const url = `http://${host}:${sink.port}/mcp`
      expect(await save(asking, { name, url, enabled: false })).toBe('saved')
      names.names.set(host, answer)
      await asking.api('PATCH', `/workspaces/team/servers/${name}`, { enabled: true })
      // The first may still join the connection that enabling began.
      await asking.api('POST', `/workspaces/team/servers/${name}/check`)
      for (let attempt = 0; attempt < 2; attempt++) {
        const before = names.asked.get(host) ?? 0
        const checked = await asking.api('POST', `/workspaces/team/servers/${name}/check`)
        expect(checked).toMatchObject({ status: 'failing', error: { code: 'invalid_request' } })
        expect(names.asked.get(host)).toBeGreaterThan(before)
      }
      expect(sink.connections).toBe(0)
    },
  )

  it('is connected to at the address that was judged, not at one that a second question would give', async () => {
    await using allowing = await ControlPlane.start({
      allowUpstreams: ['127.0.0.0/8'],
      launcher: names.through,
    })
    await allowing.workspace('team')
    const host = 'once.example'
    names.names.set(host, { a: ['127.0.0.1'] })
    await save(allowing, { name: 'once', url: `http://${host}:${sink.port}/mcp`, enabled: false })
    const before = names.asked.get(host) ?? 0
    const here = sink.connections
    await allowing.api('PATCH', '/workspaces/team/servers/once', { enabled: true })
    await expect.poll(() => sink.connections).toBeGreaterThan(here)
    // One lookup is two questions, for A and for AAAA.
    expect((names.asked.get(host) ?? 0) - before).toBe(2 * (sink.connections - here))
    sink.connections = 0
  })
})
