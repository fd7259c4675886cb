import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { startStreamable } from '../resilience/recording-upstream.ts'
import { WireClient } from '../resilience/wire-client.ts'

interface Row {
  server: string
  workspace: string
  version: number
  sealed: Uint8Array
}

/** The database as whoever can write to it sees it; servers are named `workspace/server`. */
function openDatabase(dataDir: string) {
  const database = new DatabaseSync(join(dataDir, 'mcpgw.db'), { timeout: 5_000 })
  const idOf = (name: string) => {
    const [workspace = '', server = ''] = name.split('/')
    const row = database
      .prepare(
        'select s.id from servers s join workspaces w on w.id = s.workspace_id where w.slug = ? and s.name = ?',
      )
      .get(workspace, server)
    return String(row?.id)
  }
  const workspaceId = (slug: string) =>
    String(database.prepare('select id from workspaces where slug = ?').get(slug)?.id)
  return {
    idOf,
    workspaceId,
    row(name: string): Row {
      const found = database.prepare('select * from credentials where server_id = ?').get(idOf(name))
      // The columns are those of the first migration.
      const { server_id: server, workspace_id: workspace, version, sealed } = found as Record<string, unknown>
      return {
        server: String(server),
        workspace: String(workspace),
        version: Number(version),
        sealed: sealed as Uint8Array,
      }
    },
    set(name: string, { workspace, version, sealed }: Partial<Row>): void {
      const id = idOf(name)
      if (sealed !== undefined)
        database.prepare('update credentials set sealed = ? where server_id = ?').run(sealed, id)
      if (version !== undefined)
        database.prepare('update credentials set version = ? where server_id = ?').run(version, id)
      if (workspace !== undefined)
        database.prepare('update credentials set workspace_id = ? where server_id = ?').run(workspace, id)
    },
    /** Puts the whole row of one server in the place of another's. */
    move(from: string, to: string): void {
      const [source, target] = [idOf(from), idOf(to)]
      database.prepare('delete from credentials where server_id = ?').run(target)
      database.prepare('update credentials set server_id = ? where server_id = ?').run(target, source)
    },
    moveServer(name: string, slug: string): void {
      database.prepare('update servers set workspace_id = ? where id = ?').run(workspaceId(slug), idOf(name))
    },
    /** Lets a server be at another address, without a word to the gateway. */
    lead(name: string): void {
      database
        .prepare('update servers set target = replace(target, \'"url":"http\', \'"url":"HTTP\') where id = ?')
        .run(idOf(name))
    },
    wrapped: (slug: string) =>
      database
        .prepare('select wrapped from wrapped_keys where name = ?')
        .get(`workspace:${workspaceId(slug)}`)?.wrapped as Uint8Array,
    wrap(slug: string, wrapped: Uint8Array): void {
      database
        .prepare('update wrapped_keys set wrapped = ? where name = ?')
        .run(wrapped, `workspace:${workspaceId(slug)}`)
    },
    [Symbol.dispose]: () => database.close(),
  }
}

/** What happened and what to do, and nothing of why: one for a record, one for a workspace's key. */
const CANNOT_BE_OPENED =
  /^"[\w-]+": This (server's credential cannot be opened\. Set the credential again|workspace's credentials cannot be opened\. Start the gateway with the master key that sealed them, or restore the database from a backup)\.$/

type Tampered = ReturnType<typeof openDatabase>

/** What is done to one server's credential, by the server; `old` is its row before it was rotated. */
const PAIRINGS: Record<string, (database: Tampered, own: string, old: Row) => void> = {
  'another-server': (database, own) => database.set(own, { sealed: database.row('one/good').sealed }),
  'another-workspace': (database, own) => database.set(own, { sealed: database.row('two/good').sealed }),
  'another-version': (database, own) => database.set(own, { version: 7 }),
  'old-value-as-new': (database, own, old) => database.set(own, { sealed: old.sealed }),
  'workspace-column': (database, own) => {
    const { sealed } = database.row('two/good')
    database.set(own, { sealed, workspace: database.workspaceId('two') })
  },
  'whole-row': (database, own) => database.move('one/donor', own),
  'whole-row-of-another-workspace': (database, own) => database.move('two/donor', own),
  'another-data-key': (database, own) => {
    const sealed = Uint8Array.from(database.row(own).sealed)
    // Behind the version byte stands the key's id.
    sealed.set(database.row('two/good').sealed.subarray(1, 9), 1)
    database.set(own, { sealed })
  },
  'another-address': (database, own) => database.lead(own),
  'another-purpose': (database, own) => database.set(own, { sealed: database.wrapped('one') }),
}

it('[V2] sends nothing with a credential whose record was moved, and says so to whoever calls and in the log', async () => {
  await using upstream = await startStreamable()
  await using honest = await startStreamable()
  await using plane = await ControlPlane.start()
  const tokens: Record<string, string> = {}
  const olds: Record<string, Row> = {}
  const headers = { Authorization: 'Bearer {{TOKEN}}' }

  async function add(name: string, value: string): Promise<void> {
    const [slug = '', server = ''] = name.split('/')
    await plane.api('POST', `/workspaces/${slug}/servers`, {
      name: server,
      url: (server === 'good' ? honest : upstream).url,
      headers,
    })
    await plane.api('PUT', `/workspaces/${slug}/servers/${server}/credential`, { values: { TOKEN: value } })
    await plane.api('POST', `/workspaces/${slug}/servers/${server}/check`)
  }
  const call = async (name: string) => {
    const [slug = '', server = ''] = name.split('/')
    const client = await WireClient.open(`${plane.url}/ws/${slug}`, tokens[slug] ?? '')
    const { body } = await client.send('tools/call', { name: `${server}__whoami` })
    return body.result
  }

  for (const slug of ['one', 'two', 'three', 'four']) tokens[slug] = (await plane.workspace(slug)).token
  for (const name of [
    'one/good',
    'two/good',
    'one/donor',
    'two/donor',
    'three/swapped-key',
    'four/swapped-key',
  ])
    await add(name, `value-of-${name}`)
  await add('one/moved-server', 'value-of-the-moved-server')
  for (const name of Object.keys(PAIRINGS)) {
    await add(`one/${name}`, `value-of-${name}`)
    using database = openDatabase(plane.dataDir)
    olds[name] = database.row(`one/${name}`)
    const values = { TOKEN: `new-value-of-${name}` }
    await plane.api('PUT', `/workspaces/one/servers/${name}/credential`, { values })
  }
  await plane.kill()
  {
    using database = openDatabase(plane.dataDir)
    for (const [name, tamper] of Object.entries(PAIRINGS)) tamper(database, `one/${name}`, olds[name] as Row)
    const [three, four] = [database.wrapped('three'), database.wrapped('four')]
    database.wrap('three', four)
    database.wrap('four', three)
    database.moveServer('one/moved-server', 'two')
  }
  await plane.start()
  upstream.arrivals.length = 0

  const tampered = [
    ...Object.keys(PAIRINGS).map((name) => `one/${name}`),
    'three/swapped-key',
    'four/swapped-key',
    'two/moved-server',
  ]
  for (const name of tampered) {
    const result = await call(name)
    expect([name, result?.isError]).toEqual([name, true])
    expect(result?.content?.[0]?.text).toMatch(CANNOT_BE_OPENED)
  }
  expect(upstream.arrivals).toEqual([])

  for (const name of tampered) {
    const [slug, server] = name.split('/')
    const { items } = await plane.api('GET', `/workspaces/${slug}/audit?kind=call&server=${server}`)
    // The shape is a part of the public contract; a wrong one fails here.
    const rows = items as { outcome: string; reason: string }[]
    expect([name, rows.length]).toEqual([name, 1])
    expect(rows[0]).toMatchObject({
      outcome: 'unreachable',
      reason: expect.stringMatching(/^credential_unreadable/),
    })
  }

  for (const name of ['one/good', 'two/good']) expect((await call(name))?.isError).toBeUndefined()
  expect(new Set(honest.arrivals.map(({ authorization }) => authorization))).toEqual(
    new Set(['Bearer value-of-one/good', 'Bearer value-of-two/good']),
  )
  await plane.api('PUT', '/workspaces/one/servers/another-server/credential', {
    values: { TOKEN: 'set-again' },
  })
  expect((await call('one/another-server'))?.isError).toBeUndefined()
})
