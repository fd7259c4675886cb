import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import type { Change } from '../../src/model/change.ts'
import type { Storage } from '../../src/model/stores.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import { startPostgres } from '../postgres.ts'
import {
  isWholeChain,
  link,
  sampleDeviceLogin,
  sampleEntry,
  sampleServer,
  sampleToken,
  sampleWorkspace,
} from './samples.ts'

const postgres = await startPostgres()
afterAll(() => postgres?.[Symbol.asyncDispose]())
const clock = { now: () => 0 }

// The harness warns why there is no PostgreSQL, where there is none.
describe.skipIf(postgres === undefined)('two replicas on one PostgreSQL', () => {
  const twoReplicas = async () => {
    const url = (await postgres?.url()) ?? ''
    const opened = new AsyncDisposableStack()
    const here = opened.use(await openStorage({ url, clock }))
    const there = opened.use(await openStorage({ url, clock }))
    return { url, here, there, [Symbol.asyncDispose]: () => opened.disposeAsync() }
  }

  it('start at once on an empty database', async () => {
    const url = (await postgres?.url()) ?? ''
    const storages = await Promise.all([1, 2, 3].map(() => openStorage({ url, clock })))
    for (const storage of storages) await storage[Symbol.asyncDispose]()
  })

  it('hear of each other, and of their own changes once', async () => {
    await using replicas = await twoReplicas()
    const { here, there } = replicas
    await here.tokens.create(sampleToken(undefined, 't'))
    const heardHere: Change[] = []
    here.bus.subscribe((change) => heardHere.push(change))
    const revoked = nextChange(there, 'token')
    await here.tokens.revoke('t', 1)
    expect(await revoked).toEqual({ kind: 'token', id: 'hash of t' })

    const created = nextChange(here, 'workspace')
    await there.workspaces.create(sampleWorkspace('w'))
    expect(await created).toEqual({ kind: 'workspace', workspaceId: 'w', id: 'w' })
    expect(heardHere.map(({ kind }) => kind)).toEqual(['token', 'workspace'])
  })

  it('hear of what is published without being stored, and of appends to the log', async () => {
    await using replicas = await twoReplicas()
    const published = nextChange(replicas.there, 'server')
    replicas.here.bus.publish({ kind: 'server', workspaceId: 'w', id: 's' })
    expect(await published).toEqual({ kind: 'server', workspaceId: 'w', id: 's' })

    const appended = nextChange(replicas.there, 'audit')
    await replicas.here.audit.append([sampleEntry('w')], link)
    expect(await appended).toEqual({ kind: 'audit', workspaceId: 'w', id: 'w' })
  })

  it('keep one gapless chain per workspace while both append, in whatever order', async () => {
    await using replicas = await twoReplicas()
    const { here, there } = replicas
    const appends = Array.from({ length: 30 }, (_, index) =>
      index % 2
        ? here.audit.append([sampleEntry('a'), sampleEntry('b')], link)
        : there.audit.append([sampleEntry('b'), sampleEntry('a')], link),
    )
    await Promise.all(appends)
    for (const workspaceId of ['a', 'b']) {
      const rows = await here.audit.read(workspaceId, 0, 100)
      expect(rows).toHaveLength(30)
      expect(isWholeChain(rows)).toBe(true)
    }
  })

  it('take a login on where the other left it, and give its token once', async () => {
    await using replicas = await twoReplicas()
    const { here, there } = replicas
    await here.workspaces.create(sampleWorkspace('w'))
    await here.tokens.create(sampleToken('w', 'root'))
    await here.logins.begin(sampleDeviceLogin('a'), 0)
    const proof = { proofKind: 'token', proofHash: 'hash of root' } as const
    await there.logins.decide('code of a', { decision: 'approved', role: 'developer', ...proof }, 1)
    const redemption = { loginHash: 'hash of a', parentHash: 'hash of root' }
    const given = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? here : there).logins.redeem(sampleToken('w', `new-${index}`), redemption, 1),
      ),
    )
    expect(given.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('agree on which definition of a tool came first, and hear of what is approved', async () => {
    await using replicas = await twoReplicas()
    const { here, there } = replicas
    const server = sampleServer('w', 'git')
    await here.workspaces.create(sampleWorkspace('w'))
    await here.servers.create(server)
    const seen = Array.from({ length: 20 }, (_, at) => ({ tool: 'a', hash: `hash ${at}`, definition: '{}' }))
    const answers = await Promise.all(
      seen.map((each, at) => (at % 2 ? here : there).pins.recordFirst(server.id, [each], at)),
    )
    expect(new Set(answers.map((approved) => [...(approved.get('a') ?? [])].join())).size).toBe(1)

    const other = seen.find(({ hash }) => !answers[0]?.get('a')?.has(hash)) ?? seen[0]
    if (other === undefined) throw new Error('There is none.')
    const both = [here, there].map((each) => each.pins.replaceChanges(server.id, '', [other], 1))
    expect((await Promise.all(both)).flat()).toEqual(['a'])
    const approved = nextChange(there, 'server', server.id)
    await here.pins.approve(server, [other], 'ada', 2)
    await approved
    const hashes = (await there.pins.ofWorkspace('w')).approved.get(server.id)?.get('a')
    expect(hashes?.has(other.hash)).toBe(true)
  })

  it('end every token that came from one, also those that the other was just issuing', async () => {
    await using replicas = await twoReplicas()
    const { here, there } = replicas
    await here.workspaces.create(sampleWorkspace('w'))
    for (let round = 0; round < 10; round += 1) {
      const root = `root-${round}`
      await here.tokens.create(sampleToken('w', root))
      await here.tokens.create({ ...sampleToken('w', `${root}-child`), parentId: root })
      const issuing = Array.from({ length: 8 }, (_, index) => {
        const parentId = index % 2 ? root : `${root}-child`
        const token = { ...sampleToken('w', `${root}-new-${index}`), parentId }
        return there.logins.redeem(token, { parentHash: `hash of ${parentId}` }, 1)
      })
      const settled = Promise.allSettled(issuing)
      await here.tokens.revoke(root, 1)
      for (const each of await settled)
        if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'conflict' })
    }
    const { items } = await here.tokens.list('w', { limit: 500 })
    expect(items.filter(({ revokedAt }) => revokedAt === undefined)).toEqual([])
  }, 30_000)

  it('report a gap after their listening connection broke, and hear again', async () => {
    await using replicas = await twoReplicas()
    const gap = nextGap(replicas.there)
    await runSql(
      replicas.url,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'mcpgw listener' and datname = current_database()`,
    )
    await gap
    const heard = nextChange(replicas.there, 'workspace')
    await replicas.here.workspaces.create(sampleWorkspace('w'))
    await heard
  })

  it('survive losing every connection in the middle of an append, and append again', async () => {
    await using replicas = await twoReplicas()
    const { here, there } = replicas
    const gaps = Promise.all([nextGap(here), nextGap(there)])
    const appends = Array.from({ length: 8 }, () => here.audit.append([sampleEntry('w')], link))
    const settled = Promise.allSettled(appends)
    await runSql(
      replicas.url,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name like 'mcpgw%' and datname = current_database()`,
    )
    const acknowledged = (await settled).filter(({ status }) => status === 'fulfilled').length
    await gaps
    await here.audit.append([sampleEntry('w')], link)
    const rows = await there.audit.read('w', 0, 100)
    expect(rows.length).toBeGreaterThan(acknowledged)
    expect(isWholeChain(rows)).toBe(true)
  }, 30_000)

  it('report a gap for a change that nobody told them of', async () => {
    await using replicas = await twoReplicas()
    const gap = nextGap(replicas.there)
    await runSql(replicas.url, 'update change_counter set value = value + 1')
    await gap
  }, 30_000)

  it('report no gap for changes they were told of', async () => {
    await using replicas = await twoReplicas()
    const { here, there } = replicas
    let gaps = 0
    for (const storage of [here, there]) storage.bus.onGap(() => gaps++)
    const last = nextChange(there, 'workspace', 'w19')
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? here : there).workspaces.create(sampleWorkspace(`v${index}`)),
      ),
    )
    await here.workspaces.create(sampleWorkspace('w19'))
    await last
    expect(gaps).toBe(0)
  })
})

function nextChange(storage: Storage, kind: Change['kind'], id?: string): Promise<Change> {
  return new Promise((resolve) => {
    const leave = storage.bus.subscribe((change) => {
      if (change.kind !== kind || (id !== undefined && change.id !== id)) return
      leave()
      resolve(change)
    })
  })
}

function nextGap(storage: Storage): Promise<void> {
  return new Promise((resolve) => storage.bus.onGap(resolve))
}

async function runSql(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(statement)
  await client.end()
}
